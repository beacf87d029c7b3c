"""How many words of a whole set are wrong, told from some of its recordings.

The set is what counts, not what else could have been recorded: what was read is known, and only the rest is guessed.
Where another way has read all of it, the guess is about how the two differ, which recordings of both tell; ways that
differ in little agree on most words, so that few recordings tell much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_FACTOR = 2.4
"""Factor of the standard error on each side: an interval of 98 %, as it is looked at again and again."""
_LEAST_VARIANCE = 0.25
"""Variance of a recording's wrong words that is taken at least: a few recordings without a difference prove little."""


def rate_interval(
    edits: Mapping[int, int], words: Numbers, others: Iterable[Mapping[int, int]] = ()
) -> tuple[float, float]:
    """Compute the ends of the interval of a way's rate over all recordings, which have so many words (n,).

    `edits` are the wrong words of the recordings that it has read, by their numbers, and `others` those of other ways.
    """
    rate, error = _alone(edits, words)
    most = max(others, key=len, default={})
    if len(most) > len(edits):
        # One only: the best of many guesses would be the one whose spread is too small by chance.
        rate, error = min((rate, error), _beside(edits, most, words), key=lambda guess: guess[1])
    return rate - _FACTOR * error, rate + _FACTOR * error


def _alone(edits: Mapping[int, int], words: Numbers) -> tuple[float, float]:
    """Guess a rate from what was read, with its standard error."""
    numbers = sorted(edits)
    return _guess(np.array([edits[number] for number in numbers], np.float64), words[numbers], float(words.sum()))


def _beside(edits: Mapping[int, int], other: Mapping[int, int], words: Numbers) -> tuple[float, float]:
    """Guess a rate from that of another way, which has read more, and from how the two differ."""
    numbers = [number for number in sorted(edits) if number in other]
    known, known_error = _alone(other, words)
    apart = np.array([edits[number] - other[number] for number in numbers], np.float64)
    difference, error = _guess(apart, words[numbers], float(words[sorted(other)].sum()))
    return known + difference, float(np.hypot(known_error, error))


def _guess(edits: Numbers, words: Numbers, n_words: float) -> tuple[float, float]:
    """Guess the rate of recordings of `n_words` in all from some of them, with its standard error."""
    n, rate = len(edits), float(edits.sum() / words.sum())
    left = 1 - float(words.sum()) / n_words
    if left <= 0:
        return rate, 0.0
    variance = max(float((edits - rate * words).var(ddof=1)) if n > 1 else np.inf, _LEAST_VARIANCE)
    return rate, (n * variance * left) ** 0.5 / float(words.sum())
