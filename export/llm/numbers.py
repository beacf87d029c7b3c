"""Floating-point types that tensors are written in, and what is lost by it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import UnsupportedModelError
from edge.progress import Progress, silent

from .model import FloatType, LanguageModel

FLOAT_BYTES = {"f16": 2, "bf16": 2, "f32": 4}

_LARGEST_F16 = float(np.finfo(np.float16).max)
_NARROW: tuple[FloatType, ...] = ("bf16", "f16")  # what models are published in comes first


def as_type(name: str, tensor: NDArray[Any], kind: FloatType) -> NDArray[Any]:
    """Round a tensor to the nearest numbers of a type, in C order; bfloat16 as its bits in uint16.

    Raises:
        UnsupportedModelError: it has numbers that float16 cannot hold; names it.
    """
    if kind == "f16":
        if tensor.dtype != np.float16 and float(np.abs(tensor).max(initial=0)) > _LARGEST_F16:
            raise UnsupportedModelError(f"tensor {name} is out of float16's range; choose another precision")
        return np.ascontiguousarray(tensor, dtype="<f2")
    full = np.ascontiguousarray(tensor, dtype="<f4")
    if kind == "f32":
        return full
    bits = full.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")  # to nearest, ties to even


def lossless_type(model: LanguageModel, progress: Progress | None = None) -> FloatType:
    """Find the narrowest type that holds every number of a model exactly."""
    left = list(_NARROW)
    for done, tensor in enumerate(model.tensors.values()):
        (progress or silent)("looking for the narrowest type", done, len(model.tensors))
        numbers = tensor.read()
        left = [kind for kind in left if _is_exact(numbers, kind)]
        if not left:
            return "f32"
    return left[0]


def relative_error(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Measure the root mean square of the difference, as a share of what was expected."""
    original = expected.astype(np.float32)
    norm = float(np.linalg.norm(original))
    return float(np.linalg.norm(found.astype(np.float32) - original)) / norm if norm else 0.0


def _is_exact(numbers: NDArray[Any], kind: FloatType) -> bool:
    if kind == "f16":
        with np.errstate(over="ignore"):
            return bool((numbers.astype(np.float16) == numbers).all())
    return not (np.ascontiguousarray(numbers, np.float32).view(np.uint32) & 0xFFFF).any()
