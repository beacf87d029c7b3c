"""Rounding weights so that what the linear gives changes least, instead of each weight by itself.

With second moments H = E[x x^T] of its input, rounding a linear's weights by D costs tr(D H D^T). GPTQ (Frantar et al.
2022) goes from one input to the next: it rounds a column of weights and moves the columns that follow so that they make
up for its error as well as they can. Scales come first: each the one of a few that costs least by H's diagonal. All of
it then settles (export.quantize.settle).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from edge.arrays import FloatArray
from edge.quant import GROUP, q4_0_rows

from .settle import INT8_GRID, Q4_0_GRID, settle

_DAMPINGS = (0.01, 0.1, 1.0)
"""Additions to H's diagonal, as a share of itself and of its mean: the calibration's rows are not all rows, and their
moments are rounded. The first with which H can be inverted is taken."""

_COLUMNS = 32
"""Number of columns rounded one by one before those behind them learn of their errors, in one product."""

_ROWS = 4096
"""Number of rows at a time: they have nothing to do with each other, and a vocabulary's are many."""

_TRIANGLE = 96
"""Largest triangle that is inverted whole."""

_SHRINK = np.arange(1.0, 0.79, -0.02, dtype=np.float32)
"""Scales tried, as shares of the one that clips nothing."""

_LARGEST_INT8 = np.float32(127)


def round_int8(weights: FloatArray, moments: FloatArray) -> tuple[NDArray[np.int8], FloatArray]:
    """Round weights (n, k) to codes and scales (n,), as `edge.quant.quantize_int8` but minding moments (k, k)."""
    spread = _spread(moments)
    codes, scales = np.empty(weights.shape, np.int8), np.empty(len(weights), np.float32)
    for rows in _slices(len(weights)):
        codes[rows], scales[rows] = _round_rows_int8(weights[rows], moments, spread)
    return codes, scales


def _slices(n: int) -> Iterator[slice]:
    return (slice(first, first + _ROWS) for first in range(0, n, _ROWS))


def _round_rows_int8(
    weights: FloatArray, moments: FloatArray, spread: FloatArray
) -> tuple[NDArray[np.int8], FloatArray]:
    largest = np.abs(weights).max(axis=1) / _LARGEST_INT8
    importance = np.diagonal(moments)

    def cost(scales: FloatArray) -> FloatArray:
        rounded = np.clip(np.rint(weights / scales[:, None]), -_LARGEST_INT8, _LARGEST_INT8) * scales[:, None]
        lost: FloatArray = ((weights - rounded) ** 2) @ importance
        return lost

    scales = _cheapest(np.where(largest > 0, largest, np.float32(1)), cost)
    moved = np.empty_like(weights)

    def round_column(j: int, column: FloatArray) -> FloatArray:
        moved[:, j] = column
        return INT8_GRID.codes(column / scales) * scales

    _round_columns(weights, spread, round_column)
    settled, moved = settle(weights, moments, scales[:, None], moved, INT8_GRID)
    return INT8_GRID.codes(moved / settled).astype(np.int8), np.where(largest > 0, settled[:, 0], np.float32(0))


def _cheapest(scales: FloatArray, cost: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Choose for each row the scale, shrunk by one of `_SHRINK`, whose cost is least."""
    best, least = scales, cost(scales)
    for shrink in _SHRINK[1:]:
        tried = scales * shrink
        found = cost(tried)
        better = found < least
        best, least = np.where(better, tried, best), np.where(better, found, least)
    return best


def _round_columns(
    weights: FloatArray, spread: FloatArray, round_column: Callable[[int, FloatArray], FloatArray]
) -> None:
    """Give each column (n,), moved by the errors of those before it, to `round_column`, which gives it rounded."""
    k = len(spread)
    left = weights.T.copy()  # (k, n): a column of weights lies together
    for first in range(0, k, _COLUMNS):
        last = min(first + _COLUMNS, k)
        errors = np.empty((last - first, left.shape[1]), np.float32)
        for j in range(first, last):
            column = left[j] - spread[first:j, j] @ errors[: j - first]
            errors[j - first] = (column - round_column(j, column)) / spread[j, j]
        left[last:] -= spread[first:last, last:].T @ errors


def _spread(moments: FloatArray) -> FloatArray:
    """Find the upper triangle U with U^T U = H^-1: row j says how columns behind make up for an error in column j."""
    h = moments.astype(np.float64)
    power = np.diagonal(h).copy()
    for damping in _DAMPINGS:
        h[np.diag_indices_from(h)] = power * (1 + damping) + damping * (power.mean() or 1.0)
        try:  # h = R R^T with an upper triangle R, so that U is its inverse
            triangle = np.linalg.cholesky(h[::-1, ::-1])[::-1, ::-1].astype(np.float64)
        except np.linalg.LinAlgError:
            continue
        return _inverse(triangle).astype(np.float32)
    return np.eye(len(h), dtype=np.float32)  # moments that cannot be inverted: round each weight by itself


def _inverse(triangle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the inverse of an upper triangle (k, k), by halves."""
    k = len(triangle)
    if k <= _TRIANGLE:
        return np.linalg.inv(triangle).astype(np.float64)
    half = k // 2
    inverse = np.zeros_like(triangle)
    inverse[:half, :half] = _inverse(triangle[:half, :half])
    inverse[half:, half:] = _inverse(triangle[half:, half:])
    inverse[:half, half:] = -inverse[:half, :half] @ triangle[:half, half:] @ inverse[half:, half:]
    return inverse


def round_q4_0(weights: FloatArray, moments: FloatArray) -> NDArray[np.uint8]:
    """Round weights (n, k) to Q4_0 rows (n, k / 32 * 18), as `edge.quant.quantize_q4_0` but minding moments (k, k)."""
    scales, moved = moved_for_q4_0(weights, moments)
    return q4_0_rows(scales, q4_0_codes_of(moved, scales))


def moved_for_q4_0(weights: FloatArray, moments: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Find scales (n, k / 32), and the weights (n, k) as each was when it was rounded: moved by errors of others."""
    n, k = weights.shape
    spread = _spread(moments)
    scales, moved = np.empty((n, k // GROUP), np.float32), np.empty((n, k), np.float32)
    for rows in _slices(n):
        scales[rows], moved[rows] = _move_rows(weights[rows], moments, spread)
    return scales, moved


def _move_rows(weights: FloatArray, moments: FloatArray, spread: FloatArray) -> tuple[FloatArray, FloatArray]:
    n, k = weights.shape
    importance = np.diagonal(moments)
    scales = np.empty((n, k // GROUP), np.float32)
    moved = np.empty_like(weights)
    groups = np.ascontiguousarray(weights).reshape(n, k // GROUP, GROUP)
    for g in range(k // GROUP):
        scales[:, g] = _q4_0_scale(groups[:, g], importance[g * GROUP : (g + 1) * GROUP])

    def round_column(j: int, column: FloatArray) -> FloatArray:
        scale = scales[:, j // GROUP]
        moved[:, j] = column
        return (_q4_0_code(column, scale) - np.float32(8)) * scale

    _round_columns(weights, spread, round_column)
    return settle(weights, moments, scales, moved, Q4_0_GRID)


def q4_0_codes_of(weights: FloatArray, scales: FloatArray) -> NDArray[np.uint8]:
    """Find the nearest codes (n, k / 32, 32) of weights (n, k) at scales (n, k / 32)."""
    groups = weights.reshape(*scales.shape, GROUP)
    return _q4_0_code(groups, scales[..., None]).astype(np.uint8)


def _q4_0_scale(group: FloatArray, importance: FloatArray) -> FloatArray:
    """Choose a float16 scale for each row (n, 32): the value of largest magnitude is near code 0 (-8)."""
    at = np.abs(group).argmax(axis=1)[:, None]
    scales = np.take_along_axis(group, at, axis=1)[:, 0] / np.float32(-8)

    def cost(tried: FloatArray) -> FloatArray:
        scale = tried.astype(np.float16).astype(np.float32)
        rounded = (_q4_0_code(group, scale[:, None]) - np.float32(8)) * scale[:, None]
        lost: FloatArray = ((group - rounded) ** 2) @ importance
        return lost

    return _cheapest(scales, cost).astype(np.float16).astype(np.float32)


def _q4_0_code(x: FloatArray, scale: FloatArray) -> FloatArray:
    """Find the nearest codes, 0 to 15, as floats."""
    ratio = np.divide(x, scale, out=np.zeros_like(x), where=scale != 0)
    return Q4_0_GRID.codes(ratio) + np.float32(8)
