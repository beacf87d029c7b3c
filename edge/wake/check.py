"""The second stage of a wake word: the recogniser reads what was taken as the phrase."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from .examples import Examples
from .protocol import WakeWord
from .spotter import Check, Spotter

if TYPE_CHECKING:
    from ..recognizer import Recognizer

_MOST_WRONG, _FEW_WRONG = 0.34, 0.2
"""Shares of the letters of the phrase that may be read otherwise, and that may be whatever else is known."""
_SHORT = 4
"""Letters of a reading below which it is no evidence: too many words are like it."""

_LOOSE = 0.4
"""Threshold of a ready word, in its own one, from which on the recogniser is asked; from its own on it need not be."""

_GAIN, _GAIN_IF_READ, _NATS = 8.0, 5.7, 10.0
"""Nats by which a token of the phrase has to be likelier than in silence, by which where nearly that is read, and how
many fewer for a score by example of 1. They were chosen with other clips and speech than those that are reported."""
_SILENCE = np.zeros(2 * SAMPLE_RATE_HZ, np.float32)

ReadWords = Callable[[FloatArray], str]
"""Function that reads the words in samples (n_samples,), mono at 16 kHz."""


def checked_by(model: Recognizer, phrase: str, readings: Iterable[str] = ()) -> Check:
    """Make the check that a model reads the phrase, or something that it read in examples of it."""

    def read(samples: FloatArray) -> str:
        return model.transcribe(samples, language="en", temperature=0.0).text

    return check_words(read, phrase, readings)


def examples_checked_by(model: Recognizer, examples: Examples) -> Check:
    """Make the check that a model reads the phrase, something that it read in examples of it, or might have read it.

    What is heard through a room is often read as other words. There the phrase counts if it is so much likelier as the
    first words than it is in silence as the sound asks for: the less, the more it is like the examples.
    """
    from ..whisper.model import Model

    if not isinstance(model, Model):
        return checked_by(model, examples.phrase, examples.readings)
    wrong_in = _wrong_in(examples.phrase, examples.readings)
    language = "en" if model.tokenizer.is_multilingual else None
    phrase = examples.phrase
    forms = [f" {form}" for form in dict.fromkeys([phrase, phrase.lower(), phrase.capitalize(), phrase.title()])]
    with closing(model.closed(_SILENCE, language)) as reader:
        usual = reader.begins(forms)

    def check(samples: FloatArray, score: float) -> bool:
        with closing(model.closed(samples, language)) as reader:
            wrong = wrong_in(reader.free().text)
            gain = _GAIN_IF_READ if wrong <= _MOST_WRONG else _GAIN
            return wrong <= _FEW_WRONG or reader.begins(forms) - usual >= gain - _NATS * score

    return check


def heard_in_doubt(word: WakeWord, check: Check, threshold: float | None = None) -> Spotter:
    """Begin to hear a ready word, of which the recogniser reads what is in doubt."""
    sure = word.threshold if threshold is None else threshold
    return Spotter(word, threshold=_LOOSE * sure, check=check, sure=sure)


def check_words(read: ReadWords, phrase: str, readings: Iterable[str] = ()) -> Check:
    """Make the check out of a function that reads words: the phrase, or one of some readings of it."""
    wrong_in = _wrong_in(phrase, readings)
    return lambda samples, score: wrong_in(read(samples)) <= _MOST_WRONG


def _wrong_in(phrase: str, readings: Iterable[str]) -> Callable[[str], float]:
    """Make the function that tells the share of letters to change until a text holds the phrase, or a reading of it."""
    wanted = [letters for letters in map(_letters, dict.fromkeys([phrase, *readings])) if len(letters) >= _SHORT]
    wanted = wanted or [_letters(phrase)]

    def wrong_in(text: str) -> float:
        heard = _letters(text)
        return min(_distance_within(letters, heard) / max(1, len(letters)) for letters in wanted)

    return wrong_in


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
