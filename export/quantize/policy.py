"""Turning float tensors into stored ones, of the types that a precision gives them (edge.whisper.file.roles)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge import quant
from edge.errors import UnsupportedModelError
from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.whisper.file.roles import PRECISIONS, Precision

from ..checkpoint.types import as_float, check_half_range
from .gptq import round_int8, round_q4_0

_F32, _F16, _I8, _Q4_0 = TensorType.F32, TensorType.F16, TensorType.I8, TensorType.Q4_0

_PIECE = 1 << 22
"""Weights that are rounded at once, so that a large matrix does not take several times its own memory."""


@dataclass(frozen=True, slots=True)
class Quantized:
    """Float tensor in its stored form, and what that cost."""

    parts: tuple[StoredTensor, ...]
    """Parts in the order of the file: the tensor, then its scales where the type keeps them apart."""
    error: float
    """Root mean square of the rounding, as a share of the weights' own."""


def parse_precision(text: str) -> Precision:
    """Find the precision of that name, or raise an error that lists them."""
    for precision in PRECISIONS:
        if text.lower() == precision:
            return precision
    raise UnsupportedModelError(f"unknown precision {text!r}; known are {', '.join(PRECISIONS)}")


def quantize_tensor(
    name: str, tensor: NDArray[Any], kind: TensorType, moments: NDArray[np.float32] | None = None
) -> Quantized:
    """Store one tensor as a type; with moments of its input (k, k), rounded so that they matter."""
    if kind in (_F32, _F16):
        stored = as_float(name, tensor, "f32" if kind is _F32 else "f16")
        return Quantized((StoredTensor(name, kind, tensor.shape, stored),), _relative_error(tensor, stored))
    rounded = round_tensor(name, tensor, kind, moments)
    return Quantized(rounded.parts, relative_error([rounded]))


@dataclass(frozen=True, slots=True)
class Rounded:
    """Tensor in 8 or 4 bits, and the squares that tell what that cost."""

    parts: tuple[StoredTensor, ...]
    lost: float
    """Sum of the squares of what the rounding changed."""
    whole: float
    """Sum of the squares of the weights."""


def relative_error(parts: Sequence[Rounded]) -> float:
    """Compute the root mean square of the rounding of all parts, as a share of their weights' own."""
    whole = sum(part.whole for part in parts)
    return math.sqrt(sum(part.lost for part in parts) / whole) if whole else 0.0


def round_tensor(
    name: str,
    tensor: NDArray[Any],
    kind: TensorType,
    moments: NDArray[np.float32] | None = None,
    columns: NDArray[np.float32] | None = None,
) -> Rounded:
    """Round a tensor (n, …) to a type of 8 or 4 bits, a few rows at a time where each is rounded by itself.

    `columns` (k,) are what the matrix is divided by before; `moments` are those of the input of the divided one.
    """
    step = len(tensor) if moments is not None else max(1, _PIECE * len(tensor) // tensor.size)
    pieces: list[tuple[NDArray[Any], ...]] = []
    lost = whole = 0.0
    for first in range(0, len(tensor), step):
        weights = np.ascontiguousarray(tensor[first : first + step], np.float32)
        even = weights if columns is None else weights / columns
        if kind is _I8:
            codes, scales = quant.quantize_int8(even) if moments is None else round_int8(even, moments)
            pieces.append((codes, scales))
            restored = quant.dequantize_int8(codes, scales)
        else:
            check_half_range(name, even)  # the scales of blocks are float16
            quantize, dequantize = _BLOCKS[kind]
            blocks = quantize(even) if moments is None or kind is not _Q4_0 else round_q4_0(even, moments)
            pieces.append((blocks,))
            restored = dequantize(blocks)
        lost += _squares((restored if columns is None else restored * columns) - weights)
        whole += _squares(weights)
    data, *rest = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    scales_of = (StoredTensor(f"{name}_scale", _F32, array.shape, array) for array in rest)
    return Rounded((StoredTensor(name, kind, tensor.shape, data), *scales_of), lost, whole)


def stored_q4_0(name: str, tensor: NDArray[Any], blocks: NDArray[np.uint8]) -> Quantized:
    """Store Q4_0 rows that were made elsewhere, and measure how far they are from the tensor (n, k)."""
    error = _relative_error(np.ascontiguousarray(tensor, np.float32), quant.dequantize_q4_0(blocks))
    return Quantized((StoredTensor(name, _Q4_0, tensor.shape, blocks),), error)


_BLOCKS = {
    TensorType.Q8_0: (quant.quantize_q8_0, quant.dequantize_q8_0),
    TensorType.Q4_0: (quant.quantize_q4_0, quant.dequantize_q4_0),
}


def _squares(array: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(array)) ** 2


def _relative_error(original: NDArray[Any], stored: NDArray[Any]) -> float:
    if original.dtype == stored.dtype and np.array_equal(original, stored):
        return 0.0
    whole = original.astype(np.float32, copy=False)
    return relative_error([Rounded((), _squares(stored.astype(np.float32, copy=False) - whole), _squares(whole))])
