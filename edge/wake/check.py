"""The second stage of a wake word: the recogniser reads what was taken as the phrase."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import FloatArray
from .protocol import WakeWord
from .spotter import Check, Spotter

if TYPE_CHECKING:
    from ..recognizer import Recognizer

_MOST_WRONG = 0.34
"""Share of the letters of the phrase that may be read otherwise."""
_SHORT = 4
"""Letters of a reading below which it is no evidence: too many words are like it."""

_LOOSE = 0.4
"""Threshold of a ready word, in its own one, from which on the recogniser is asked; from its own on it need not be."""

ReadWords = Callable[[FloatArray], str]
"""Function that reads the words in samples (n_samples,), mono at 16 kHz."""


def checked_by(model: Recognizer, phrase: str, readings: Iterable[str] = ()) -> Check:
    """Make the check that a model reads the phrase, or something that it read in examples of it."""

    def read(samples: FloatArray) -> str:
        return model.transcribe(samples, language="en", temperature=0.0).text

    return check_words(read, phrase, readings)


def heard_in_doubt(word: WakeWord, check: Check, threshold: float | None = None) -> Spotter:
    """Begin to hear a ready word, of which the recogniser reads what is in doubt."""
    sure = word.threshold if threshold is None else threshold
    return Spotter(word, threshold=_LOOSE * sure, check=check, sure=sure)


def check_words(read: ReadWords, phrase: str, readings: Iterable[str] = ()) -> Check:
    """Make the check out of a function that reads words."""
    wanted = [letters for letters in map(_letters, dict.fromkeys([phrase, *readings])) if len(letters) >= _SHORT]
    wanted = wanted or [_letters(phrase)]

    def check(samples: FloatArray) -> bool:
        heard = _letters(read(samples))
        return any(_distance_within(letters, heard) <= _MOST_WRONG * len(letters) for letters in wanted)

    return check


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def _distance_within(wanted: str, heard: str) -> int:
    """Count the letters to change until `wanted` stands somewhere in `heard`."""
    row = np.arange(len(wanted) + 1)
    best = int(row[-1])
    for letter in heard:
        before, row = row, np.zeros_like(row)
        for number, expected in enumerate(wanted, 1):
            row[number] = min(before[number - 1] + (letter != expected), before[number] + 1, row[number - 1] + 1)
        best = min(best, int(row[-1]))
    return best
