"""Finds when each token was spoken: dynamic time warping over the attention of the alignment heads.

Some heads of Whisper's decoder look at the audio that the next token is read from. Their attention, cleaned as
openai-whisper cleans it (`find_alignment` in its timing.py), is a map of tokens over time; the best path through it
that never goes back gives every token its place.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...arrays import FloatArray
from ...errors import UnsupportedModelError
from ..engines.protocol import State

MEDIAN_WIDTH = 7
"""Positions (of 20 ms) whose median replaces each of them."""

_TINY = np.float32(1e-20)

_LEADS: dict[tuple[tuple[int, int], ...], int] = {
    ((3, 1), (4, 2), (4, 3), (4, 7), (5, 1), (5, 2), (5, 4), (5, 6)): 8,
}
"""Positions by which the alignment heads of a model, here base's, look ahead of the speech; without an entry 0, as in
tiny.en.

Measured where both models write the same words of the *_concat sets: without it base's words begin 0.16 s (median)
before those of tiny.en, with it 96 % of them are less than 0.2 s apart. Next to pauses loudness decides in any case.
"""


def attention_lead(alignment_heads: Sequence[tuple[int, int]]) -> int:
    """Give the number of positions by which the attention of these (layer, head) pairs is ahead of the speech."""
    return _LEADS.get(tuple(alignment_heads), 0)


def check_alignment_heads(n_heads: int) -> None:
    """Refuse a model that cannot place words in time.

    Raises:
        UnsupportedModelError: it has no alignment heads.
    """
    if not n_heads:
        raise UnsupportedModelError(
            "this model file names no alignment heads, so its words cannot be placed in time; export it again "
            "from a checkpoint that names its heads, or do not ask for word timestamps"
        )


def attention_map(
    state: State, start: Sequence[int], text: Sequence[int], eot: int, n_positions: int, lead: int = 0
) -> FloatArray:
    """Measure how much each token of `text`, and the `eot` after it, is read from each encoded position.

    Decodes `text` after the tokens `start`; what `state` had decoded before is lost. The map (n_text + 1, n_positions),
    of the first `n_positions`, is in standard deviations above what the tokens give to a position on average, shifted
    by `lead` positions. The model must have alignment heads (`check_alignment_heads`).
    """
    state.rewind(0)
    state.decode(np.array([[*start, *text, eot]], np.int32), alignment=True)
    attention = state.alignment()[0, :, :, :n_positions]
    # The row of a token shows where the next one is read from: the row of the last of `start` belongs to the first
    # of `text`, and nothing comes after `eot`.
    found = clean_attention(attention)[len(start) - 1 : -1]
    return np.pad(found, ((0, 0), (lead, 0)))[:, :n_positions]


def clean_attention(attention: FloatArray) -> FloatArray:
    """Reduce attention (n_heads, n_tokens, n_positions) to one map (n_tokens, n_positions) of what stands out."""
    # Attention to the padding after the clip is shared out: each row has a sum of one again.
    weights = attention / np.maximum(attention.sum(axis=2, keepdims=True), _TINY)
    weights -= weights.mean(axis=1, keepdims=True)
    weights /= np.maximum(np.sqrt(np.square(weights).mean(axis=1, keepdims=True)), _TINY)
    mean: FloatArray = median_filter(weights).mean(axis=0)
    return mean


# Pairs to compare and exchange: the part of a sorting network for seven values that settles the middle one.
_MEDIAN_OF_7 = (
    *((0, 5), (0, 3), (1, 6), (2, 4), (0, 1), (3, 5), (2, 6)),
    *((2, 3), (3, 6), (4, 5), (1, 4), (1, 3), (3, 4)),
)


def median_filter(values: FloatArray) -> FloatArray:
    """Compute the median of each value and the three on both sides of it, along the last axis, mirrored at its ends."""
    n = values.shape[-1]
    half = MEDIAN_WIDTH // 2
    if n <= half:  # too short to mirror
        return values
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(half, half)], mode="reflect")
    lanes = [padded[..., offset : offset + n] for offset in range(MEDIAN_WIDTH)]
    for low, high in _MEDIAN_OF_7:  # a hundred times as fast as sorting each seven
        lanes[low], lanes[high] = np.minimum(lanes[low], lanes[high]), np.maximum(lanes[low], lanes[high])
    return lanes[half]


def warp(gain: FloatArray) -> NDArray[np.intp]:
    """Find the columns where the best path enters each row of `gain` (n_rows, n_columns), and n_columns: (n_rows + 1,).

    The path goes from the first cell to the last, one step to the right at a time and down at most one row with it, and
    collects the most: every row has a column of its own. Where there are too few columns, all rows share them evenly.

    With P the prefix sums of a row's gains, the best sum up to column j is P[j] + max over k <= j of (best of the row
    above up to k - 1) - P[k - 1]: a few operations on whole rows in place of a loop over cells.
    """
    n_rows, n_columns = gain.shape
    if n_rows >= n_columns:
        return np.linspace(0, n_columns, n_rows + 1).astype(np.intp)
    sums = np.cumsum(gain, axis=1, dtype=np.float64)
    best = np.full((n_rows, n_columns), -np.inf)
    best[0] = sums[0]
    for row in range(1, n_rows):
        entered = np.maximum.accumulate(best[row - 1, :-1] - sums[row, :-1])
        np.add(sums[row, 1:], entered, out=best[row, 1:])
    entries = np.zeros(n_rows + 1, np.intp)
    entries[-1] = column = n_columns
    for row in range(n_rows - 1, 0, -1):
        # The path enters where the row above up to the column before, and this row from there on, add up to the most.
        column = 1 + int(np.argmax(best[row - 1, : column - 1] - sums[row, : column - 1]))
        entries[row] = column
    return entries
