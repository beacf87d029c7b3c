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
"""Variance of how two ways differ in a recording that is taken at least: a few without a difference prove little."""
_CLUSTERS = 2.0
"""Factor by which wrong words, which come in clusters, spread more than single ones; 1.6 to 3.1 were seen.

A few recordings that happen to be alike would say less.
"""


def rate_interval(
    edits: Mapping[int, int], words: Numbers, others: Iterable[Mapping[int, int]] = (), bound: float = 0.0
) -> tuple[float, float]:
    """Compute the ends of the interval of a way's rate over all recordings, which have so many words (n,).

    `edits` are the wrong words of the recordings that it has read, by their numbers, and `others` those of other ways.
    What is asked is on which side of `bound` the rate lies, so that wrong words spread at least as they would there.
    """
    rate, half = _alone(edits, words, bound)
    most = max(others, key=len, default={})
    if len(most) > len(edits):
        # One only: the best of many guesses would be the one whose spread is too small by chance.
        rate, half = min((rate, half), _beside(edits, most, words, bound), key=lambda guess: guess[1])
    return rate - half, rate + half


def _alone(edits: Mapping[int, int], words: Numbers, bound: float) -> tuple[float, float]:
    """Guess a rate from what was read, with half of its interval."""
    numbers = sorted(edits)
    read = words[numbers]
    least = max(_LEAST_VARIANCE, _CLUSTERS * bound * float(read.mean()))
    return _guess(np.array([edits[number] for number in numbers], np.float64), read, float(words.sum()), least)


def _beside(edits: Mapping[int, int], other: Mapping[int, int], words: Numbers, bound: float) -> tuple[float, float]:
    """Guess a rate from that of another way, which has read more, and from how the two differ."""
    numbers = [number for number in sorted(edits) if number in other]
    known, known_half = _alone(other, words, bound)
    apart = np.array([edits[number] - other[number] for number in numbers], np.float64)
    difference, half = _guess(apart, words[numbers], float(words[sorted(other)].sum()), _LEAST_VARIANCE)
    return known + difference, float(np.hypot(known_half, half))


def _guess(edits: Numbers, words: Numbers, n_words: float, least: float) -> tuple[float, float]:
    """Guess the rate of recordings of `n_words` in all from some of them, with half of its interval."""
    n, rate = len(edits), float(edits.sum() / words.sum())
    left = 1 - float(words.sum()) / n_words
    if left <= 0:
        return rate, 0.0
    if n < 2:
        return rate, np.inf
    variance = max(float((edits - rate * words).var(ddof=1)), least)
    return rate, _factor(n - 1) * (n * variance * left) ** 0.5 / float(words.sum())


def _factor(freedom: int) -> float:
    """Widen the factor for a variance that is itself a guess, with so many degrees of freedom (Student's t)."""
    z, n = _FACTOR, float(freedom)
    return z + (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
