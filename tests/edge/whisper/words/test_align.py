"""Tokens over time: the filter and the path against their definitions, and what becomes of attention."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from edge.errors import UnsupportedModelError
from edge.whisper.words.align import (
    MEDIAN_WIDTH,
    attention_lead,
    attention_map,
    check_alignment_heads,
    median_filter,
    warp,
)

FLOATS = st.floats(-4, 4, width=32)


@given(arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(1, 40)), elements=FLOATS))
@settings(deadline=None)
def test_the_filter_is_the_median(values: NDArray[np.float32]) -> None:
    half = MEDIAN_WIDTH // 2
    if values.shape[1] <= half:
        np.testing.assert_array_equal(median_filter(values), values)
        return
    padded = np.pad(values, ((0, 0), (half, half)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, MEDIAN_WIDTH, axis=1)
    np.testing.assert_array_equal(median_filter(values), np.median(windows, axis=2))


def collected(gain: NDArray[np.float32], entries: Any) -> float:
    """What the path with these entries collects."""
    return sum(float(gain[row, entries[row] : entries[row + 1]].sum(dtype=np.float64)) for row in range(len(gain)))


@given(arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(5, 9)), elements=FLOATS))
@settings(deadline=None)
def test_the_path_is_the_best_of_all(gain: NDArray[np.float32]) -> None:
    n_rows, n_columns = gain.shape
    entries = warp(gain)
    assert (entries[0], entries[-1]) == (0, n_columns)
    assert (np.diff(entries) > 0).all()
    every = ((0, *inner, n_columns) for inner in combinations(range(1, n_columns), n_rows - 1))
    assert collected(gain, entries) == pytest.approx(max(collected(gain, path) for path in every), abs=1e-5)


@pytest.mark.parametrize(("n_rows", "n_columns"), [(1, 1), (3, 3), (7, 3), (224, 1)])
def test_more_rows_than_columns_share_them(n_rows: int, n_columns: int) -> None:
    entries = warp(np.zeros((n_rows, n_columns), np.float32))
    assert len(entries) == n_rows + 1
    assert (entries[0], entries[-1]) == (0, n_columns)
    assert (np.diff(entries) >= 0).all()


class LookingState:
    """Its one head looks at a position for each token: three times the token's own number."""

    def __init__(self, n_heads: int = 1, n_keys: int = 40) -> None:
        self._shape = n_heads, n_keys

    def rewind(self, n_past: int) -> None:
        assert n_past == 0

    def decode(self, tokens: NDArray[np.int32], *, alignment: bool) -> None:
        assert tokens.shape[0] == 1
        assert alignment
        self._tokens = tokens[0]

    def alignment(self) -> NDArray[np.float32]:
        n_heads, n_keys = self._shape
        weights = np.full((1, n_heads, len(self._tokens), n_keys), 0.001, np.float32)
        for row in range(len(self._tokens)):
            weights[..., row, 3 * row : 3 * row + 6] = 0.1  # as wide as the filter lets pass
        weights[..., 30:] = 5.0  # the landmarks of a tail draw most of it
        return weights


def test_a_token_is_where_the_row_before_it_looks() -> None:
    state: Any = LookingState()
    gain = attention_map(state, (50, 51), (1, 2, 3), 99, 30)
    assert gain.shape == (4, 30)
    # The start has two tokens, so the first row of the map is the second of the attention.
    assert [int(row.argmax()) // 3 for row in gain] == [2, 3, 4, 5] or gain[0, 3:9].min() > gain[0, 12:].max()
    later = attention_map(state, (50, 51), (1, 2, 3), 99, 30, 4)
    np.testing.assert_array_equal(later[:, 4:], gain[:, :-4])
    assert (later[:, :4] == 0).all()


def test_a_lead_beyond_the_clip_is_no_failure() -> None:
    state: Any = LookingState()
    assert attention_map(state, (50,), (1,), 99, 2, 8).shape == (2, 2)


def test_a_model_without_alignment_heads_says_so() -> None:
    check_alignment_heads(1)
    with pytest.raises(UnsupportedModelError, match="no alignment heads"):
        check_alignment_heads(0)


def test_only_known_heads_have_a_lead() -> None:
    base = ((3, 1), (4, 2), (4, 3), (4, 7), (5, 1), (5, 2), (5, 4), (5, 6))
    assert attention_lead(base) == 8
    assert attention_lead(base[:-1]) == 0
    assert attention_lead(SimpleNamespace(heads=()).heads) == 0
