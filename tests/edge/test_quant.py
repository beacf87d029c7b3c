"""The quantized types: bit for bit those of GGML, bit for bit those of the kernels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge import ops, quant

Floats = NDArray[np.float32]


def weights(n: int, k: int, seed: int = 0) -> Floats:
    """Random rows with what breaks quantizers: zeros, one value, halves, huge and tiny ones."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, k)).astype(np.float32)
    special = [np.zeros(k), np.full(k, -1), np.arange(k) % 5 * 0.5, np.full(k, 1e30), np.full(k, 1e-30)]
    for row, values in zip(rows, special, strict=False):
        row[:] = values
    return rows


@pytest.mark.parametrize("kind", ["Q4_0", "Q8_0"])
@pytest.mark.parametrize("seed", range(5))
def test_blocks_are_those_of_gguf_py(kind: str, seed: int) -> None:
    gguf = pytest.importorskip("gguf")
    type_ = gguf.GGMLQuantizationType[kind]
    rows = weights(37, 96, seed)
    rows[3] = 1e4  # 1e30 has no float16 scale
    quantize = {"Q4_0": quant.quantize_q4_0, "Q8_0": quant.quantize_q8_0}[kind]
    dequantize = {"Q4_0": quant.dequantize_q4_0, "Q8_0": quant.dequantize_q8_0}[kind]
    blocks = quantize(rows)
    assert np.array_equal(blocks, gguf.quants.quantize(rows, type_))
    assert np.array_equal(dequantize(blocks), gguf.quants.dequantize(blocks, type_))


def test_blocks_must_divide_the_rows() -> None:
    with pytest.raises(ValueError, match="do not divide rows of 33"):
        quant.quantize_q4_0(weights(2, 33))


def test_numbers_too_small_for_a_scale_are_zeros() -> None:
    small = np.full((1, quant.GROUP), 1e-44, np.float32)
    assert not quant.dequantize_q4_0(quant.quantize_q4_0(small)).any()
    assert not quant.dequantize_q8_0(quant.quantize_q8_0(small)).any()


@given(st.integers(1, 20), st.integers(1, 70), st.integers(0, 99))
@settings(deadline=None, max_examples=50)
def test_int8_is_off_by_half_a_step_at_most(n: int, k: int, seed: int) -> None:
    rows = weights(n, k, seed)
    codes, scales = quant.quantize_int8(rows)
    assert np.abs(codes.astype(int)).max() <= 127
    error = np.abs(quant.dequantize_int8(codes, scales) - rows)
    assert (error <= scales[:, None] * np.float32(0.5001)).all()


def test_a_row_of_zeros_has_scale_zero() -> None:
    codes, scales = quant.quantize_int8(np.zeros((2, 8), np.float32))
    assert not codes.any()
    assert not scales.any()


def test_convolutions_keep_their_shape() -> None:
    kernel = weights(6, 12).reshape(6, 4, 3)
    codes, scales = quant.quantize_int8(kernel)
    assert codes.shape == kernel.shape
    assert quant.dequantize_int8(codes, scales).shape == kernel.shape


SHAPES = [(1, 1), (16, 4), (17, 5), (15, 63), (33, 384), (40, 240)]


@pytest.mark.parametrize(("n", "k"), SHAPES)
def test_the_kernels_pack_floats_and_int8_alike(n: int, k: int) -> None:
    rows = weights(n, k)
    codes, _ = quant.quantize_int8(rows)
    assert np.array_equal(ops.pack_f32(rows), quant.pack_f32(rows))
    assert np.array_equal(ops.pack_int8(codes), quant.pack_int8(codes))


@pytest.mark.parametrize(("n", "k"), [(1, 32), (16, 64), (33, 96)])
def test_the_kernels_pack_int4_alike(n: int, k: int) -> None:
    rows = weights(n, k)
    rows[min(3, n - 1)] = 0.25
    blocks = quant.quantize_q4_0(rows)
    (found_codes, found_scales), (codes, scales) = ops.pack_int4(blocks, k), quant.pack_int4(blocks)
    assert np.array_equal(found_codes, codes)
    assert np.array_equal(found_scales, scales)


@pytest.mark.parametrize("level", ops.cpu_info().supported)
@pytest.mark.parametrize(("m", "k"), [(1, 1), (5, 64), (7, 65), (9, 384)])
def test_every_level_quantizes_rows_alike(level: str, m: int, k: int) -> None:
    rows = weights(m, k)
    codes, scales = quant.quantize_rows_int8(rows)
    found_codes, found_scales, sums = ops.quantize_rows(rows, level)
    assert np.array_equal(found_codes, codes)
    assert np.array_equal(found_scales, scales)
    assert np.array_equal(sums, codes.sum(axis=1, dtype=np.int32))


@pytest.mark.parametrize("level", ops.cpu_info().supported)
def test_every_level_makes_the_same_of_what_is_no_number(level: str) -> None:
    rows = np.zeros((6, 40), np.float32)
    rows[0, :3] = [np.nan, 1, -2]
    rows[1, 5:7] = [np.inf, 3]
    rows[2, 35] = -np.inf
    rows[3, :2] = [1e-44, -1e-44]  # 127 divided by the largest is infinite
    rows[4, 30] = 1e-38
    rows[5] = np.nan
    codes, scales = quant.quantize_rows_int8(rows)
    found_codes, found_scales, _ = ops.quantize_rows(rows, level)
    assert np.array_equal(found_codes, codes)
    assert np.array_equal(found_scales, scales)
