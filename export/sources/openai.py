"""openai-whisper's `.pt` files: a dictionary of sizes and tensors, read without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from edge.errors import FormatError, UnsupportedModelError
from edge.files import sha256_of
from edge.whisper.file.dims import WhisperDims, tensor_shapes

from ..checkpoint.stored import StoredTensors
from ..checkpoint.types import Checkpoint, Hints, build_checkpoint, check_dims
from ..checkpoint.vocabulary import Assets, read_vocabulary
from ..tools.files import MAX_INTEGER
from .names import openai_name
from .torch_file import Storage, TorchTensor, read_torch_file, shown

# Constants that some files carry and the architecture implies.
_IGNORED = frozenset({"decoder.mask", "alignment_heads"})


def read_openai(path: Path, *, assets: Assets | None = None) -> Checkpoint:
    """Read a checkpoint that openai-whisper published or saved."""
    content = read_torch_file(path)
    if not isinstance(content, Mapping):
        raise UnsupportedModelError(
            f"{path}: holds a {type(content).__name__}, expected a checkpoint of openai-whisper"
        )
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


def _dims(path: Path, sizes: Mapping[Any, Any]) -> WhisperDims:
    names = [field.name for field in fields(WhisperDims) if field.name != "layers"]  # no published model is compressed
    for name in names:
        value = sizes.get(name)
        if type(value) is not int or abs(value) > MAX_INTEGER:
            raise FormatError(f"{path}: dims[{name!r}] is {shown(value)}, expected an integer")
    return WhisperDims(**{name: sizes[name] for name in names})


def _tensors(path: Path, dims: WhisperDims, state: Mapping[Any, Any]) -> StoredTensors:
    foreign = {str(name): tensor for name, tensor in state.items() if name not in _IGNORED}
    found: dict[str, TorchTensor] = {}
    n_bytes: dict[Storage, int] = {}
    for name, shape in tensor_shapes(dims).items():
        their_name = openai_name(name)
        tensor = foreign.pop(their_name, None)
        if not isinstance(tensor, TorchTensor):
            raise FormatError(f"{path}: tensor {their_name} is missing")
        if tensor.shape != shape:
            raise FormatError(f"{path}: tensor {their_name} has shape {tensor.shape}, expected {shape}")
        # Small files would otherwise pose as any size.
        n_bytes[tensor.storage] = n_bytes.get(tensor.storage, 0) + tensor.n_bytes
        if n_bytes[tensor.storage] > tensor.storage.n_bytes:
            raise FormatError(f"{path}: tensor {their_name} shares its bytes in the file with others")
        found[name] = tensor
    if foreign:
        raise FormatError(f"{path}: tensor {min(foreign)!r:.80} is no part of a Whisper model of these sizes")
    return StoredTensors(found)
