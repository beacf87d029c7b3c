"""Smaller linears: exact where nothing is lost, and better than the ways they are meant to beat."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from export.compress.factors import Moments, narrow_hidden, narrow_keys, two_factors

Floats = NDArray[np.float64]


def rows(n: int, k: int, seed: int) -> Floats:
    """Correlated, with a mean: channels of very different size."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, k)) @ (rng.standard_normal((k, k)) * np.geomspace(1, 0.01, k)[:, None]) + 0.5


def moments(x: Floats) -> Moments:
    return Moments(x.T @ x / len(x), x.mean(axis=0))


def principal_factors(weight: Floats, bias: Floats, inputs: Moments, rank: int) -> tuple[Floats, Floats, Floats]:
    """LiteASR's way, to compare with: outputs projected on their first `rank` principal axes."""
    _, axes = np.linalg.eigh(weight @ inputs.covariance @ weight.T)
    up = axes[:, -rank:]
    down = up.T @ weight
    return down, up, bias + (weight - up @ down) @ inputs.mean


def test_two_factors_beat_both_plain_svd_and_principal_axes() -> None:
    rng = np.random.default_rng(0)
    x, w, b = rows(4000, 64, 1), rng.standard_normal((96, 64)), rng.standard_normal(96)
    wanted = x @ w.T + b

    def error(down: Floats, up: Floats, bias: Floats) -> float:
        return float(((x @ down.T @ up.T + bias - wanted) ** 2).sum())

    u, s, v = np.linalg.svd(w, full_matrices=False)
    ours = error(*two_factors(w, b, moments(x), 16))
    assert ours < 0.5 * error(v[:16] * s[:16, None], u[:, :16], b)
    assert ours <= 1.001 * error(*principal_factors(w, b, moments(x), 16))
    assert error(*two_factors(w, b, moments(x), 64)) < 1e-6 * float((wanted**2).sum())


def test_two_factors_keep_the_mean() -> None:
    rng = np.random.default_rng(0)
    x, w, b = rows(500, 32, 2), rng.standard_normal((32, 32)), rng.standard_normal(32)
    down, up, bias = two_factors(w, b, moments(x), 4)
    np.testing.assert_allclose((x @ down.T @ up.T + bias).mean(0), (x @ w.T + b).mean(0), atol=1e-8)


def attention(x: Floats, q: Floats, bias: Floats, k: Floats, n_heads: int) -> list[Floats]:
    found = []
    for q_head, b_head, k_head in zip(np.split(q, n_heads), np.split(bias, n_heads), np.split(k, n_heads), strict=True):
        scores = (x @ q_head.T + b_head) @ (x @ k_head.T).T / 8
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        found.append(e / e.sum(axis=1, keepdims=True))
    return found


@pytest.mark.parametrize(("width", "most"), [(64, 1e-2), (32, 0.2)])
def test_narrow_keys_attend_as_wide_ones_do(width: int, most: float) -> None:
    rng = np.random.default_rng(0)
    x = rows(200, 128, 3) * 0.2
    spread = np.geomspace(1, 0.02, 64)[:, None]  # few of a head's dimensions matter
    q, k = (np.concatenate([rng.standard_normal((64, 128)) * spread for _ in range(2)]) for _ in range(2))
    bias = rng.standard_normal(128)
    narrow = narrow_keys(q, bias, k, moments(x), 2, width)
    assert narrow[0].shape == narrow[2].shape == (2 * width, 128)
    assert narrow[1].shape == (2 * width,)
    for found, wanted in zip(attention(x, *narrow, 2), attention(x, q, bias, k, 2), strict=True):
        assert np.abs(found - wanted).sum(axis=1).mean() < most


def test_hidden_units_that_others_can_replace_go_first() -> None:
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((1000, 48))
    hidden[:, 40:] = hidden[:, :8] * 2 + 1  # eight that say nothing new
    fc2 = rng.standard_normal((16, 48))
    kept, left, gain = narrow_hidden(fc2, moments(hidden), 40)
    assert len(kept) == 40
    assert all(unit in kept for unit in range(8, 40))
    np.testing.assert_allclose(hidden[:, kept] @ left.T + gain, hidden @ fc2.T, atol=0.05)


def test_the_rest_makes_up_for_hidden_units_that_are_gone() -> None:
    rng = np.random.default_rng(0)
    hidden = np.maximum(rows(2000, 64, 5), 0)
    fc2 = rng.standard_normal((16, 64))
    kept, left, gain = narrow_hidden(fc2, moments(hidden), 32)
    wanted = hidden @ fc2.T
    ours = ((hidden[:, kept] @ left.T + gain - wanted) ** 2).sum()
    cut = ((hidden[:, kept] @ fc2[:, kept].T - wanted) ** 2).sum()
    assert ours < 0.3 * cut
