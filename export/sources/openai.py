"""openai-whisper's `.pt` files: a pickle of sizes and tensors, opened only by torch's `weights_only` loader.

A pickle can run any code. No general unpickler is ever used here: torch from 2.6 on (before that its
restricted loader could be escaped, CVE-2025-32434), and what the loader returns is checked like any file.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge.errors import FormatError, UnsupportedModelError
from edge.files import sha256_of
from edge.whisper.file.dims import WhisperDims, tensor_shapes

from ..checkpoint.types import Checkpoint, Hints, build_checkpoint, check_dims
from ..checkpoint.vocabulary import Assets, read_vocabulary
from ..tools.files import MAX_INTEGER
from .names import openai_name

MIN_TORCH = (2, 6)

# Constants that some files carry and the architecture implies.
_IGNORED = frozenset({"decoder.mask", "alignment_heads"})


def read_openai(path: Path, *, assets: Assets | None = None) -> Checkpoint:
    """Read a checkpoint that openai-whisper published or saved."""
    content = _load(path)
    sizes, state = content.get("dims"), content.get("model_state_dict")
    if not isinstance(sizes, Mapping) or not isinstance(state, Mapping):
        raise UnsupportedModelError(f"{path}: no dims and model_state_dict; expected a checkpoint of openai-whisper")
    dims = _dims(path, sizes)
    check_dims(path, dims)
    return build_checkpoint(
        path,
        dims,
        _tensors(path, dims, state),
        read_vocabulary(path.parent, dims, assets),
        Hints(name=path.stem, source_sha256=sha256_of(path)),
    )


def _load(path: Path) -> Mapping[Any, Any]:
    how = (
        f"{path}: reading .pt files takes torch {MIN_TORCH[0]}.{MIN_TORCH[1]} or newer "
        "(`pip install torch`), or convert the model to safetensors elsewhere"
    )
    try:
        import torch
    except ImportError:
        raise UnsupportedModelError(f"{how}; torch is not installed") from None
    found = re.match(r"(\d+)\.(\d+)", str(torch.__version__))
    if found is None or (int(found[1]), int(found[2])) < MIN_TORCH:
        raise UnsupportedModelError(f"{how}; installed is {torch.__version__}, whose restricted loader is not safe")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        reason = str(error).splitlines()[0]
        raise FormatError(f"{path}: holds more than tensors, or is no checkpoint; it is not opened: {reason}") from None
    except FileNotFoundError:
        raise
    except Exception as error:  # torch's reader raises a different type for nearly every kind of damage
        raise FormatError(f"{path}: torch cannot read it: {str(error)[:200]}") from None
    if not isinstance(content, Mapping):
        raise UnsupportedModelError(
            f"{path}: holds a {type(content).__name__}, expected a checkpoint of openai-whisper"
        )
    return content


def _dims(path: Path, sizes: Mapping[Any, Any]) -> WhisperDims:
    names = [field.name for field in fields(WhisperDims) if field.name != "layers"]  # no published model is compressed
    for name in names:
        value = sizes.get(name)
        if type(value) is not int or abs(value) > MAX_INTEGER:
            raise FormatError(f"{path}: dims[{name!r}] is {value!r:.80}, expected an integer")
    return WhisperDims(**{name: sizes[name] for name in names})


def _tensors(path: Path, dims: WhisperDims, state: Mapping[Any, Any]) -> dict[str, NDArray[Any]]:
    import torch

    foreign = {str(name): tensor for name, tensor in state.items() if name not in _IGNORED}
    arrays = {}
    storages: dict[int, int] = {}
    n_bytes = 0
    for name, shape in tensor_shapes(dims).items():
        their_name = openai_name(name)
        tensor = foreign.pop(their_name, None)
        if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided:
            raise FormatError(f"{path}: tensor {their_name} is missing")
        if tuple(tensor.shape) != shape:
            raise FormatError(f"{path}: tensor {their_name} has shape {tuple(tensor.shape)}, expected {shape}")
        # Strides of zero let a few bytes pose as any size.
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise FormatError(f"{path}: tensor {their_name} is larger than its bytes in the file")
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        n_bytes += tensor.numel() * tensor.element_size()
        if n_bytes > sum(storages.values()):  # one that is not stored as itself would be widened each time
            raise FormatError(f"{path}: tensor {their_name} shares its bytes in the file with others")
        kept = tensor.detach() if tensor.dtype in (torch.float16, torch.float32) else tensor.detach().float()
        arrays[name] = kept.contiguous().numpy()
    if foreign:
        raise FormatError(f"{path}: tensor {min(foreign)!r:.80} is no part of a Whisper model of these sizes")
    return arrays
