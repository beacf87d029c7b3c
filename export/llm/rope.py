"""Rotary positions for longer texts: numbers by which frequencies are divided, as Hugging Face and GGUF files say them.

Hugging Face has a formula with its parameters: "linear", one number for all, or "llama3", which leaves fast turns and
divides slow ones. GGUF has the numbers: a key for "linear", else a tensor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import FormatError, UnsupportedModelError
from edge.gguf.file import MetadataValue, StoredTensor
from edge.gguf.types import TensorType
from edge.llm.file import ROPE_FACTORS

from .model import LlamaDims

_LLAMA3 = {
    "rope_type": "llama3",
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
"""Parameters that all published models of Llama 3 share; their factor differs."""

_CLOSE = 1e-4
_MOST = 2.0**31


def factors_of(path: Path, said: Mapping[str, Any], head_dim: int, base: float) -> tuple[float, ...]:
    """Compute the factors of a configuration of Hugging Face's, one for each pair of dimensions; none are ().

    Raises:
        UnsupportedModelError: a kind whose factors depend on a text's length, or that scales attention as well.
        FormatError: a parameter is missing, or makes no sense.
    """
    kind = said.get("rope_type", said.get("type", "default"))
    if kind == "default":
        return ()
    if kind not in ("linear", "llama3"):
        raise UnsupportedModelError(
            f"{path}: rotary positions are scaled as {str(kind)[:40]!r}; 'linear' and 'llama3' are supported"
        )
    factor = _positive(path, said, "factor")
    if kind == "linear":
        return stored([factor] * (head_dim // 2))
    low, high = (_positive(path, said, f"{end}_freq_factor") for end in ("low", "high"))
    context = _positive(path, said, "original_max_position_embeddings")
    if low >= high:
        raise FormatError(f"{path}: low_freq_factor is {low:g}, expected less than high_freq_factor, {high:g}")
    turns = context / (2 * math.pi) * base ** (-np.arange(0, head_dim, 2) / head_dim)  # in the original context
    kept = np.clip((turns - low) / (high - low), 0, 1)
    return stored((1 / ((1 - kept) / factor + kept)).tolist())


def stored(factors: list[float] | tuple[float, ...]) -> tuple[float, ...]:
    """Round factors to what a file holds of them; () where all are 1."""
    rounded = tuple(float(np.float32(factor)) for factor in factors)
    return () if all(factor == 1 for factor in rounded) else rounded


def gguf_keys(dims: LlamaDims) -> dict[str, MetadataValue]:
    """List the keys of a GGUF file that say a factor for all; none where there is none, or a tensor."""
    if not _is_linear(dims):
        return {}
    return {"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": dims.rope_factors[0]}


def gguf_tensors(dims: LlamaDims) -> list[StoredTensor]:
    """List the tensors of a GGUF file that say factors which differ."""
    if not dims.rope_factors or _is_linear(dims):
        return []
    factors = np.array(dims.rope_factors, np.float32)
    return [StoredTensor(ROPE_FACTORS, TensorType.F32, factors.shape, factors)]


def configuration(path: Path, dims: LlamaDims, said: Mapping[str, Any] | None) -> dict[str, Any]:
    """Say the factors as Hugging Face does: as the source has it, or by the formula that they come from.

    Raises:
        UnsupportedModelError: they come from no formula that is known.
    """
    if not dims.rope_factors:
        return {}
    if said is None:
        factor = float(str(np.float32(max(dims.rope_factors))))
        said = {"rope_type": "linear", "factor": factor} if _is_linear(dims) else {**_LLAMA3, "factor": factor}
        found = factors_of(path, said, dims.head_dim, dims.rope_theta)
        if not np.allclose(found or 1.0, dims.rope_factors, rtol=_CLOSE, atol=0):
            raise UnsupportedModelError(
                f"{path}: {ROPE_FACTORS} is not that of Llama 3, and Hugging Face has no way to say it; write GGUF"
            )
    return {"rope_scaling": dict(said)}


def _is_linear(dims: LlamaDims) -> bool:
    return len(set(dims.rope_factors)) == 1


def _positive(path: Path, said: Mapping[str, Any], key: str) -> float:
    value = said.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 / _MOST <= value <= _MOST:
        raise FormatError(f"{path}: {key} of scaled rotary positions is {str(value)[:40]}, expected a positive number")
    return float(value)
