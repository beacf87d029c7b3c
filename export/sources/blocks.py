"""ggml's blocks of 32 weights, as far as whisper.cpp's quantized files use them, widened to float32.

Types 2 and 8 are q4_0 and q8_0, which edgewise writes itself; 3, 6 and 7 are q4_1, q5_0 and q5_1. A block of
the latter is its float16 scale, its float16 minimum (the `_1` types), a u32 of fifth bits (the `5` types)
and 16 bytes of low nibbles, the first half of the block in the lower ones.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge.quant import dequantize_q4_0, dequantize_q8_0

BLOCK = 32

Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 = 2, 3, 6, 7, 8

BLOCK_BYTES: Mapping[int, int] = {Q4_0: 18, Q4_1: 20, Q5_0: 22, Q5_1: 24, Q8_0: 34}


def dequantize_blocks(type_id: int, rows: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Widen rows of blocks to weights: (n_rows, bytes) to (n_rows, n_columns).

    Damaged scales give NaN or infinity, which no checkpoint is built from.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        if type_id == Q4_0:
            return dequantize_q4_0(rows)
        if type_id == Q8_0:
            return dequantize_q8_0(rows)
        return _dequantize_with_minimum_or_fifth_bits(type_id, rows)


def _dequantize_with_minimum_or_fifth_bits(type_id: int, rows: NDArray[np.uint8]) -> NDArray[np.float32]:
    blocks = np.ascontiguousarray(rows).reshape(-1, BLOCK_BYTES[type_id])
    scale = _halves(blocks, 0)
    at = 2
    if type_id in (Q4_1, Q5_1):
        offset = _halves(blocks, at)
        at += 2
    else:
        offset = scale * np.float32(-16)
    nibbles = blocks[:, -BLOCK // 2 :]
    codes = np.concatenate([nibbles & 15, nibbles >> 4], axis=1)
    if type_id in (Q5_0, Q5_1):
        codes |= np.unpackbits(blocks[:, at : at + 4], axis=1, bitorder="little") << 4
    weights: NDArray[np.float32] = codes.astype(np.float32) * scale + offset
    return weights.reshape(len(rows), -1)


def _halves(blocks: NDArray[np.uint8], at: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(blocks[:, at : at + 2]).view("<f2").astype(np.float32)
