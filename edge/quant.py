"""Every quantized type, in numpy: what a code means, how it is made, how it is packed. The executable specification.

The C code gives the same bits (tests/edge/test_quant.py). Rounding is half to even unless a type of GGML says
otherwise; a row or group of zeros has scale 0.

    int8   per row (output channel): scale = max|w| / 127, codes in [-127, 127]
    q8_0   GGML: groups of 32, a float16 scale each, codes in [-127, 127]
    q4_0   GGML: groups of 32, a float16 scale each, codes 0 .. 15 for -8 .. 7 times the scale
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .arrays import FloatArray

_Number = TypeVar("_Number", bound=np.generic)

GROUP = 32
"""Weights that share a scale in GGML's blocks, along the input."""

Q8_0_BYTES = 2 + GROUP
Q4_0_BYTES = 2 + GROUP // 2

TILE = 16
"""Output columns of a packed tile."""

QUAD = 4
"""Inputs that one integer dot instruction takes per column."""

_MAX_CODE = np.float32(127)
_SMALLEST = np.finfo(np.float32).tiny
"""Smallest scale whose inverse is finite for certain."""


def quantize_int8(weights: FloatArray) -> tuple[NDArray[np.int8], FloatArray]:
    """Quantize (n, …) float32 to int8 codes of the same shape and float32 scales (n,)."""
    rows = np.ascontiguousarray(weights, np.float32).reshape(len(weights), -1)
    codes, scales = quantize_rows_int8(rows)
    return codes.reshape(weights.shape), scales


def dequantize_int8(codes: NDArray[np.int8], scales: FloatArray) -> FloatArray:
    """Return the weights that int8 codes (n, …) and their scales (n,) stand for."""
    shape = (-1,) + (1,) * (codes.ndim - 1)
    return codes.astype(np.float32) * np.asarray(scales, np.float32).reshape(shape)


def quantize_rows_int8(x: FloatArray) -> tuple[NDArray[np.int8], FloatArray]:
    """Quantize rows (m, k) to codes and scales (m,): what kernels/ops/quantize does to activations on the fly.

    A NaN becomes -127 and counts for nothing in its row's scale. So does a product that is none, 0 times infinity, in
    rows that hold an infinity or nothing above 1e-37. Models give no such rows, but kernels must agree on them too.
    """
    largest = np.fmax.reduce(np.abs(x), axis=1, initial=0).astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        inverse = np.divide(_MAX_CODE, largest, out=np.zeros_like(largest), where=largest > 0)
        rounded = np.fmax(np.rint(x * inverse[:, None]), -_MAX_CODE)
    return np.fmin(rounded, _MAX_CODE).astype(np.int8), largest / _MAX_CODE


def quantize_q8_0(weights: FloatArray) -> NDArray[np.uint8]:
    """Quantize (n, k) float32 to GGML's Q8_0 rows (n, k / 32 * 34). It rounds halves away from zero."""
    groups = _groups(weights)
    scales = np.abs(groups).max(axis=-1) / _MAX_CODE
    codes = _round_half_away(groups * _inverse(scales)[..., None]).astype(np.int8)
    return _blocks(scales, codes.view(np.uint8))


def dequantize_q8_0(rows: NDArray[np.uint8]) -> FloatArray:
    """Expand Q8_0 rows (n, bytes) to float32 (n, k)."""
    scales, codes = _split(rows, Q8_0_BYTES)
    return (codes.view(np.int8).astype(np.float32) * scales[..., None]).reshape(len(rows), -1)


def quantize_q4_0(weights: FloatArray) -> NDArray[np.uint8]:
    """Quantize (n, k) float32 to GGML's Q4_0 rows (n, k / 32 * 18): the largest magnitude becomes code 0 (-8)."""
    groups = _groups(weights)
    at = np.abs(groups).argmax(axis=-1)[..., None]
    scales = np.take_along_axis(groups, at, axis=-1)[..., 0] / np.float32(-8)
    codes = np.trunc(groups * _inverse(scales)[..., None] + np.float32(8.5)).clip(0, 15).astype(np.uint8)
    return q4_0_rows(scales, codes)


def q4_0_rows(scales: FloatArray, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Join scales (n, k / 32) and codes 0 .. 15 (n, k / 32, 32) into Q4_0 rows (n, k / 32 * 18)."""
    low, high = codes[..., : GROUP // 2], codes[..., GROUP // 2 :]
    return _blocks(scales, (low | high << 4).astype(np.uint8))


def dequantize_q4_0(rows: NDArray[np.uint8]) -> FloatArray:
    """Expand Q4_0 rows (n, bytes) to float32 (n, k)."""
    scales, codes = q4_0_codes(rows)
    return ((codes.astype(np.float32) - np.float32(8)) * scales[..., None]).reshape(len(rows), -1)


def q4_0_codes(rows: NDArray[np.uint8]) -> tuple[FloatArray, NDArray[np.uint8]]:
    """Split Q4_0 rows into scales (n, k / 32) and codes 0 .. 15 (n, k / 32, 32)."""
    scales, nibbles = _split(rows, Q4_0_BYTES)
    return scales, np.concatenate([nibbles & 15, nibbles >> 4], axis=-1)


def pack_f32(weights: FloatArray) -> FloatArray:
    """Pack (n, k) into the tiles of the float32 product: (ceil(n / 16), k, 16), zeros past n."""
    tiles = _pad(np.asarray(weights, np.float32), TILE, 1).reshape(-1, TILE, weights.shape[1])
    return np.ascontiguousarray(tiles.transpose(0, 2, 1))


def pack_int8(codes: NDArray[np.int8]) -> NDArray[np.int8]:
    """Pack (n, k) codes into the tiles of the INT8 product: (ceil(n / 16), ceil(k / 4), 16, 4), zeros past n and k."""
    padded = _pad(codes, TILE, QUAD)
    tiles = padded.reshape(-1, TILE, padded.shape[1] // QUAD, QUAD)
    return np.ascontiguousarray(tiles.transpose(0, 2, 1, 3))


def pack_int4(rows: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], FloatArray]:
    """Pack Q4_0 rows (n, bytes) into the tiles of the INT4 product.

    Returns (ceil(n / 16), k / 32, 256) bytes: per group four vectors of [16 columns][4 inputs], vector v with quad v
    in its low nibbles and quad v + 4 in its high ones; and scales (ceil(n / 16), k / 32, 16). Past n: code 8, scale 0.
    """
    scales, codes = q4_0_codes(rows)
    n, n_groups = scales.shape
    padded = np.full((-(-n // TILE) * TILE, n_groups, GROUP), 8, np.uint8)
    padded[:n] = codes
    quads = padded.reshape(-1, TILE, n_groups, 2, 4, QUAD)  # tile, column, group, half, vector, input
    packed = (quads[:, :, :, 0] | quads[:, :, :, 1] << 4).transpose(0, 2, 3, 1, 4)
    tiled_scales = _pad(scales, TILE, 1).reshape(-1, TILE, n_groups).transpose(0, 2, 1)
    return np.ascontiguousarray(packed).reshape(-1, n_groups, 256), np.ascontiguousarray(tiled_scales)


def _groups(weights: FloatArray) -> FloatArray:
    n, k = weights.shape
    if k % GROUP:
        raise ValueError(f"blocks of {GROUP} weights do not divide rows of {k}")
    return np.ascontiguousarray(weights, np.float32).reshape(n, k // GROUP, GROUP)


def _inverse(scales: FloatArray) -> FloatArray:
    """Compute 1 / scales, and 0 where that would overflow: float16 has such a scale as 0."""
    return np.divide(np.float32(1), scales, out=np.zeros_like(scales), where=np.abs(scales) >= _SMALLEST)


def _round_half_away(x: FloatArray) -> FloatArray:
    """Round as C's roundf does, by the fraction: adding a half before flooring would round 0.49999997 up."""
    magnitude = np.abs(x)
    floor = np.floor(magnitude)
    rounded: FloatArray = np.copysign(floor + (magnitude - floor >= np.float32(0.5)), x)
    return rounded


def _blocks(scales: FloatArray, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put a float16 scale before the codes of each group, the groups of a row one after the other."""
    halves = scales.astype("<f2")[..., None].view(np.uint8)
    return np.concatenate([halves, codes], axis=-1).reshape(len(scales), -1)


def _split(rows: NDArray[np.uint8], block_bytes: int) -> tuple[FloatArray, NDArray[np.uint8]]:
    blocks = np.ascontiguousarray(rows).reshape(len(rows), -1, block_bytes)
    scales = np.ascontiguousarray(blocks[..., :2]).view("<f2")[..., 0].astype(np.float32)
    return scales, np.ascontiguousarray(blocks[..., 2:])


def _pad(x: NDArray[_Number], rows: int, columns: int) -> NDArray[_Number]:
    return np.pad(x, ((0, -x.shape[0] % rows), (0, -x.shape[1] % columns)))
