"""Minded rounding: less is lost of what a linear gives than by rounding each weight, and odd moments do no harm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge import quant
from export.quantize import gptq as module
from export.quantize.gptq import round_int8, round_q4_0

Floats = NDArray[np.float32]


def inputs(k: int, seed: int) -> Floats:
    """Rows whose channels differ in size and follow each other, as activations do."""
    rng = np.random.default_rng(seed)
    hidden = rng.standard_normal((4 * k, k // 4)).astype(np.float32)
    mixed = hidden @ rng.standard_normal((k // 4, k)).astype(np.float32)
    noise = rng.standard_normal((4 * k, k)).astype(np.float32)
    return (mixed + noise) * np.exp(rng.standard_normal(k)).astype(np.float32)


def covariance(x: Floats) -> Floats:
    """Moments of the rows."""
    return x.T @ x / np.float32(len(x))


def loss(weights: Floats, rounded: Floats, x: Floats) -> float:
    return float(np.square(x @ (weights - rounded).T).sum())


@pytest.mark.parametrize("k", [32, 96, 160])
def test_less_is_lost_than_by_rounding_each_weight(k: int) -> None:
    x, weights = inputs(k, 1), np.random.default_rng(2).standard_normal((40, k)).astype(np.float32)
    moments = covariance(x)
    by_itself = quant.dequantize_int8(*quant.quantize_int8(weights))
    assert loss(weights, quant.dequantize_int8(*round_int8(weights, moments)), x) < 0.6 * loss(weights, by_itself, x)
    by_itself = quant.dequantize_q4_0(quant.quantize_q4_0(weights))
    assert loss(weights, quant.dequantize_q4_0(round_q4_0(weights, moments)), x) < 0.6 * loss(weights, by_itself, x)


@given(st.integers(1, 9), st.sampled_from([32, 64, 96]), st.integers(0, 10_000), st.booleans())
@settings(deadline=None, max_examples=30)
def test_codes_stay_in_range_and_errors_small(n: int, k: int, seed: int, is_wide: bool) -> None:
    rng = np.random.default_rng(seed)
    spread = rng.standard_normal((n, k)) * (np.exp(3 * rng.standard_normal((n, k))) if is_wide else 1)
    weights = spread.clip(-60_000, 60_000).astype(np.float32)  # what float16 scales hold
    x = inputs(k, seed)
    codes, scales = round_int8(weights, covariance(x))
    assert codes.dtype == np.int8
    assert codes.min() >= -127
    assert (scales <= np.abs(weights).max(axis=1) / np.float32(127) * np.float32(1.5)).all()
    assert round_q4_0(weights, covariance(x)).shape == quant.quantize_q4_0(weights).shape


def _rank_one(k: int) -> Floats:
    return np.outer(np.arange(k), np.arange(k)).astype(np.float32)


@pytest.mark.parametrize("moments", [np.zeros((64, 64), np.float32), _rank_one(64)])
def test_moments_without_an_inverse_still_round(moments: Floats) -> None:
    weights = np.random.default_rng(3).standard_normal((5, 64)).astype(np.float32)
    codes, scales = round_int8(weights, moments)
    assert np.abs(quant.dequantize_int8(codes, scales) - weights).max() < 0.5
    assert np.abs(quant.dequantize_q4_0(round_q4_0(weights, moments)) - weights).max() < 2


def test_rows_of_zeros_stay_zeros() -> None:
    weights = np.zeros((3, 64), np.float32)
    weights[1] = 1
    moments = np.eye(64, dtype=np.float32)
    codes, scales = round_int8(weights, moments)
    assert scales.tolist()[::2] == [0, 0]
    np.testing.assert_allclose(quant.dequantize_int8(codes, scales), weights, rtol=1e-6)
    rounded = quant.dequantize_q4_0(round_q4_0(weights, moments))
    assert not rounded[::2].any()
    np.testing.assert_allclose(rounded[1], 1, atol=0.15)


@pytest.mark.parametrize("k", [64, 224])
def test_what_columns_make_up_for_is_the_factor_of_the_inverse(k: int) -> None:
    moments = covariance(inputs(k, 5))
    upper = module._spread(moments).astype(np.float64)
    h = moments.astype(np.float64)
    h[np.diag_indices(k)] += 0.01 * np.diagonal(h) + 0.01 * np.diagonal(h).mean()
    assert not np.tril(upper, -1).any()
    np.testing.assert_allclose(upper.T @ upper @ h, np.eye(k), atol=1e-3)


def test_rows_are_rounded_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, moments = np.random.default_rng(3).standard_normal((7, 64)).astype(np.float32), covariance(inputs(64, 4))
    together = round_q4_0(weights, moments), round_int8(weights, moments)[0]
    monkeypatch.setattr(module, "_ROWS", 3)
    apart = round_q4_0(weights, moments), round_int8(weights, moments)[0]
    for one, other in zip(together, apart, strict=True):
        assert (one == other).mean() > 0.95  # products of other shapes are summed in another order
