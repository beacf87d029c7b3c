"""Wrong words in a transcript, counted with nothing but what edgewise brings.

Texts are compared in small letters without signs; figures are compared as they are written, so that rates are a little
above those of Whisper's own normalizer (`edge.bench.scoring`), on every machine alike.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..progress import Progress
from ..recognizer import Recognizer
from .intervals import drawn_rates, interval
from .spoken import SET, Spoken

_SHORT = {"mr": "mister", "mrs": "missus", "dr": "doctor", "st": "saint"}
_NO_WORD = re.compile(r"[^\w' ]+|(?<!\w)'|'(?!\w)")


@dataclass(frozen=True, slots=True)
class WordRate:
    """How many words of the set one model gets wrong."""

    model: str
    precision: str
    set: str
    names: tuple[str, ...]
    """Names of the recordings."""
    words: tuple[int, ...]
    """Number of words of each recording."""
    edits: tuple[int, ...]
    """Number of words of each recording that are wrong, missing or too many."""
    rate: float
    """Edits for each word."""
    low: float
    """Lower end of the interval of 95 %, over the choice of recordings."""
    high: float


def measure_words(model: Recognizer, spoken: Sequence[Spoken], progress: Progress) -> WordRate:
    """Transcribe recordings, and count the words that are wrong."""
    counts = Counts()
    for number, one in enumerate(spoken):
        progress(f"words of {model.name} {model.precision}", number, len(spoken))
        counts.add(one, model.transcribe(one.samples, language="en").text)
    return counts.rate(model.name, model.precision)


@dataclass(slots=True)
class Counts:
    """Counts over recordings."""

    names: list[str] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    edits: list[int] = field(default_factory=list)

    def add(self, spoken: Spoken, text: str) -> None:
        """Add a recording, which was read as `text`."""
        expected = plain(spoken.text)
        self.names.append(spoken.name)
        self.words.append(len(expected))
        self.edits.append(count_edits(expected, plain(text)))

    def rate(self, model: str, precision: str) -> WordRate:
        """Sum up."""
        edits, words = np.array(self.edits, np.float64), np.array(self.words, np.float64)
        low, high = interval(drawn_rates(edits, words, np.random.default_rng(0)))
        rate = float(edits.sum() / words.sum())
        return WordRate(model, precision, SET, tuple(self.names), tuple(self.words), tuple(self.edits), rate, low, high)


def plain(text: str) -> list[str]:
    """List the words of a text in small letters, without signs."""
    words = _NO_WORD.sub(" ", text.casefold().replace("\u2019", "'")).split()
    return [_SHORT.get(word, word) for word in words]


def count_edits(expected: Sequence[str], heard: Sequence[str]) -> int:
    """Count the fewest words to replace, to leave out and to put in that make one text the other."""
    before = list(range(len(heard) + 1))
    for row, word in enumerate(expected, start=1):
        now = [row]
        for column, other in enumerate(heard, start=1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (word != other)))
        before = now
    return before[-1]
