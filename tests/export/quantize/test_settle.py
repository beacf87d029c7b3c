"""Rounded weights that settle lose less, whatever they come from, and rows do not know of each other."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge import quant
from export.quantize.gptq import q4_0_codes_of
from export.quantize.settle import INT8_GRID, Q4_0_GRID, settle

Floats = NDArray[np.float32]


def moments_of(k: int) -> Floats:
    """Of channels that follow each other."""
    rng = np.random.default_rng(k)
    x = rng.standard_normal((4 * k, k // 4)) @ rng.standard_normal((k // 4, k)) + rng.standard_normal((4 * k, k))
    return np.asarray(x.T @ x / len(x), np.float32)


def nearest(weights: Floats) -> Floats:
    """The scales of plain Q4_0, (n, k / 32)."""
    groups = weights.reshape(len(weights), -1, quant.GROUP)
    at = np.abs(groups).argmax(axis=-1)[..., None]
    scales = np.take_along_axis(groups, at, axis=-1)[..., 0] / np.float32(-8)
    return scales.astype(np.float16).astype(np.float32)


def loss(weights: Floats, moments: Floats, scales: Floats, moved: Floats) -> float:
    rows = quant.q4_0_rows(scales, q4_0_codes_of(moved, scales))
    lost = (weights - quant.dequantize_q4_0(rows)).astype(np.float64)
    return float(np.einsum("ni,ij,nj->", lost, moments.astype(np.float64), lost))


@pytest.mark.parametrize("k", [32, 96, 160])
def test_less_is_lost_than_before(k: int) -> None:
    weights, moments = np.random.default_rng(1).standard_normal((40, k)).astype(np.float32), moments_of(k)
    first = nearest(weights)
    scales, moved = settle(weights, moments, first, weights, Q4_0_GRID)
    assert loss(weights, moments, scales, moved) < 0.6 * loss(weights, moments, first, weights)
    np.testing.assert_array_equal(scales, scales.astype(np.float16))
    assert (scales / first > 0.5).all()
    assert (scales / first < 1.5).all()


def test_one_scale_a_row() -> None:
    weights, moments = np.random.default_rng(4).standard_normal((40, 96)).astype(np.float32), moments_of(96)
    first = np.abs(weights).max(axis=1, keepdims=True) / np.float32(127)

    def lost(scales: Floats, moved: Floats) -> float:
        codes = np.rint(moved / scales)
        assert np.abs(codes).max() <= 127
        errors = (weights - codes * scales).astype(np.float64)
        return float(np.einsum("ni,ij,nj->", errors, moments.astype(np.float64), errors))

    scales, moved = settle(weights, moments, first, weights, INT8_GRID)
    moved = np.clip(moved, -127 * scales, 127 * scales)
    assert scales.shape == first.shape
    assert lost(scales, moved) < 0.6 * lost(first, weights)


def test_no_single_code_would_be_better() -> None:
    weights, moments = np.random.default_rng(2).standard_normal((3, 64)).astype(np.float32), moments_of(64)
    scales, moved = settle(weights, moments, nearest(weights), weights, Q4_0_GRID)
    codes = q4_0_codes_of(moved, scales)
    step = np.repeat(scales, quant.GROUP, axis=1)
    lost = weights - (codes.reshape(3, -1) - np.float32(8)) * step
    # a step of one code changes the cost by step^2 h_jj -/+ 2 step (H lost)_j: of the last pass, few would still gain
    pull, bend = lost @ moments, np.diagonal(moments)
    gains = 2 * np.abs(step * pull) > 1.05 * step**2 * bend
    assert gains.mean() < 0.02


def test_weights_and_moments_of_zeros_stay_zeros() -> None:
    zeros = np.zeros((4, 64), np.float32)
    scales, moved = settle(zeros, np.zeros((64, 64), np.float32), nearest(zeros), zeros, Q4_0_GRID)
    assert not scales.any()
    assert not moved.any()
