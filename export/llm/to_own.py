"""Our files of language models: INT8 and INT4 as the engine computes with them, so that loading rounds nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.arrays import FloatArray, IntArray
from edge.errors import UnsupportedModelError
from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.gguf.writer import write_gguf as write_file
from edge.llm.file import PRECISION_KEY, scale_name
from edge.progress import Progress
from edge.quant import GROUP, quantize_int8

from .model import LanguageModel, finite
from .names import gguf_name, to_gguf_rows
from .rope import gguf_tensors
from .rounding import Blocks, round_layers
from .to_gguf import FILE_TYPES, counted, keys

PRECISIONS = ("int8", "int4")


def write_own(
    model: LanguageModel, path: Path, precision: str, texts: IntArray | None, *, progress: Progress | None = None
) -> None:
    """Write a model at int8 or int4; at int4 rounded by what `texts` (n_texts, length) do, the vocabulary at INT8.

    Raises:
        FormatError: a tensor holds NaN or infinity; names it.
        UnsupportedModelError: rows that are no blocks of 32.
        OSError: the disk is full; nothing is left behind.
    """
    widths = {shape[-1] for shape in (tensor.shape for tensor in model.tensors.values()) if len(shape) > 1}
    if any(width % GROUP for width in widths):
        raise UnsupportedModelError(f"{model.path}: {precision} needs rows of a multiple of {GROUP}")
    blocks: dict[str, Blocks] = {} if texts is None else round_layers(model, texts, progress)
    tensors = [part for name in model.tensors for part in _parts(model, name, blocks.get(name))]
    tensors += gguf_tensors(model.dims)
    file_type = FILE_TYPES["q4_0"] if blocks else None
    write_file(path, {**keys(model, file_type), PRECISION_KEY: precision}, counted(tensors, progress))


def _parts(model: LanguageModel, name: str, blocks: Blocks | None) -> list[StoredTensor]:
    shape, written = model.tensors[name].shape, gguf_name(name)
    if len(shape) == 1:
        return [StoredTensor(written, TensorType.F32, shape, partial(_read, model, name))]
    if blocks is not None:
        return [StoredTensor(written, TensorType.Q4_0, shape, to_gguf_rows(name, blocks, model.dims))]
    return [
        StoredTensor(written, TensorType.I8, shape, partial(_codes, model, name)),
        StoredTensor(scale_name(written), TensorType.F32, shape[:1], partial(_scales, model, name)),
    ]


def _codes(model: LanguageModel, name: str) -> NDArray[np.int8]:
    return quantize_int8(_read(model, name))[0]


def _scales(model: LanguageModel, name: str) -> FloatArray:
    return quantize_int8(_read(model, name))[1]


def _read(model: LanguageModel, name: str) -> NDArray[Any]:
    numbers = finite(model.path, name, model.tensors[name].read())
    return np.ascontiguousarray(to_gguf_rows(name, numbers, model.dims), np.float32)
