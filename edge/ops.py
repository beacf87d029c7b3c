"""The one door to the compiled part: CPU levels, models and states, measuring, packing.

Nothing else imports `edge._kernels`. Arrays are made contiguous and of the right type here or by the engine handle; the
C code trusts nobody, and what it refuses comes back as ValueError or RuntimeError.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._kernels import Llama as KernelLlama
from ._kernels import LlamaState as KernelLlamaState
from ._kernels import Model as KernelModel
from ._kernels import State as KernelState
from ._kernels import gguf_parse, gguf_strings
from .errors import KernelError

__all__ = [
    "CpuInfo",
    "KernelLlama",
    "KernelLlamaState",
    "KernelModel",
    "KernelState",
    "LinearType",
    "cpu_info",
    "cpu_level",
    "gguf_parse",
    "gguf_strings",
    "log_mel",
    "measure_peak",
    "measure_product",
    "memory_to_read",
    "pack_f32",
    "pack_int4",
    "pack_int8",
    "quantize_rows",
    "sum_exp",
]

LEVEL_VARIABLE = "EDGE_CPU"
"""Environment variable that forces a CPU level."""


class LinearType(IntEnum):
    """Type in which the engine holds the weights of a linear (ew_type in kernels/engine/linear.h)."""

    F32 = 1
    INT8 = 2
    INT4 = 3


@dataclass(frozen=True, slots=True)
class CpuInfo:
    """Levels that the processor offers, and the one in use."""

    supported: tuple[str, ...]
    """Levels that run here, slowest first."""
    known: tuple[str, ...]
    """All levels that this build knows by name."""
    chosen: str
    """Level in use."""
    forced: bool
    """Whether EDGE_CPU chose it."""


def cpu_info() -> CpuInfo:
    """Look at the processor and at EDGE_CPU.

    Raises:
        KernelError: EDGE_CPU names a level that does not exist or does not run here.
    """
    return _cpu_info(os.environ.get(LEVEL_VARIABLE, ""))


@lru_cache
def _cpu_info(forced: str) -> CpuInfo:
    levels = _kernels.cpu_levels()
    known = tuple(name for name, _ in levels)
    supported = tuple(name for name, runs in levels if runs)
    if forced and forced not in supported:
        problem = "this processor cannot run it" if forced in known else "there is no such level"
        raise KernelError(f"{LEVEL_VARIABLE}={forced}: {problem}; choose one of {', '.join(supported)}")
    return CpuInfo(supported, known, forced or _kernels.best_cpu_level(), bool(forced))


def compiled_file() -> Path:
    """Return the path of the compiled part, which tells one build from another."""
    return Path(_kernels.__file__)


def cpu_level() -> str:
    """Return the level in use: the best of this processor, or the one that EDGE_CPU names."""
    return cpu_info().chosen


_PEAKS = {"int8": 0, "f32": 1, "read": 2}
_PRODUCTS = {"int8": 0, "int4": 1, "f32": 2, "attention_int8": 3, "attention_f32": 4}
Product = Literal["int8", "int4", "f32", "attention_int8", "attention_f32"]

_READ_BYTES = 256 << 20  # more than any last cache level in reach


def memory_to_read() -> NDArray[np.uint8]:
    """Return memory that no cache holds: who reads it drives everything else out of the caches."""
    return np.ones(_READ_BYTES, np.uint8)


def measure_peak(
    kind: Literal["int8", "f32", "read"], threads: int, seconds: float = 0.5, buffer: NDArray[np.uint8] | None = None
) -> float:
    """Measure this machine's best: multiply-adds a second on registers, or bytes a second read from memory.

    `buffer` is what to read; one `memory_to_read` is made if there is none.
    """
    if buffer is None:
        buffer = memory_to_read() if kind == "read" else np.ones(64, np.uint8)
    return _kernels.measure_peak(cpu_level(), _PEAKS[kind], threads, seconds, buffer)


def measure_product(kind: Product, m: int, n: int, k: int, threads: int, seconds: float = 0.3) -> float:
    """Time one m x n x k product (attention: m queries, n keys, k = 64), split as the engine does: median seconds."""
    return _kernels.measure_product(cpu_level(), _PRODUCTS[kind], m, n, k, threads, seconds)


def pack_f32(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pack (n, k) into the tiles of the float32 product, (ceil(n / 16), k, 16). `edge.quant.pack_f32` in C."""
    n, k = weights.shape
    packed = np.empty((-(-n // 16), k, 16), np.float32)
    _kernels.pack_f32(np.ascontiguousarray(weights, np.float32), n, k, packed)
    return packed


def pack_int8(codes: NDArray[np.int8]) -> NDArray[np.int8]:
    """Pack (n, k) into tiles of the INT8 product, (ceil(n / 16), ceil(k / 4), 16, 4): `edge.quant.pack_int8` in C."""
    n, k = codes.shape
    packed = np.empty((-(-n // 16), -(-k // 4), 16, 4), np.int8)
    _kernels.pack_q8(np.ascontiguousarray(codes, np.int8), n, k, packed)
    return packed


def pack_int4(blocks: NDArray[np.uint8], k: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Pack Q4_0 rows (n, k / 32 * 18) into the tiles of the INT4 product and their scales. `edge.quant.pack_int4` in C.

    Returns (ceil(n / 16), k / 32, 256) bytes and (ceil(n / 16), k / 32, 16) scales.
    """
    n = blocks.shape[0]
    packed = np.empty((-(-n // 16), k // 32, 256), np.uint8)
    scales = np.empty((-(-n // 16), k // 32, 16), np.float32)
    _kernels.pack_q4(np.ascontiguousarray(blocks, np.uint8), n, k, packed, scales)
    return packed, scales


def quantize_rows(
    x: NDArray[np.float32], level: str | None = None
) -> tuple[NDArray[np.int8], NDArray[np.float32], NDArray[np.int32]]:
    """Quantize rows to INT8 as the engine does on the fly: codes (m, k), scales (m,), sums of codes (m,)."""
    m, k = x.shape
    codes = np.empty((m, -(-k // 64) * 64), np.int8)
    scales, sums = np.empty(m, np.float32), np.empty(m, np.int32)
    rows = np.ascontiguousarray(x, np.float32)
    _kernels.quantize_rows(level or cpu_level(), rows, m, k, codes, scales, sums)
    return codes[:, :k], scales, sums


def sum_exp(x: NDArray[np.float32], largest: float) -> float:
    """Sum exp(x - largest) over all of x, of which `largest` is the largest and finite."""
    values = np.ascontiguousarray(x, np.float32)
    return _kernels.sum_exp(cpu_level(), values, values.size, largest)


def log_mel(
    samples: NDArray[np.float32], n_frames: int, bounds: NDArray[np.int32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Compute the first `n_frames` log-mel frames of samples, (n_frames, n_mels): kernels/ops/log_mel.

    `bounds` is (2, n_mels), the first bin and the end of each filter; `weights` is (n_mels, 201).
    """
    n_mels = len(weights)
    frames = np.empty((n_frames, n_mels), np.float32)
    if n_frames:
        needed = np.ascontiguousarray(samples[: 160 * (n_frames - 1) + 400], np.float32)
        _kernels.log_mel(cpu_level(), needed, n_frames, bounds, weights, n_mels, frames)
    return frames
