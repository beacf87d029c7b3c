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

_MOST_WRONG = 0.34
"""Share of the letters of the phrase that may be read otherwise."""
_SHORT = 4
"""Letters of a reading below which it is no evidence: too many words are like it."""

_LOOSE = 0.4
"""Threshold of a ready word, in its own one, from which on the recogniser is asked; from its own on it need not be."""

_GAIN, _NATS = 8.0, 10.0
"""Nats by which a token of the phrase has to be likelier than in silence, and how many fewer for a score by example of 1.
They were chosen with other clips and other speech than those on which they are reported."""
_SILENCE = np.zeros(2 * SAMPLE_RATE_HZ, np.float32)

ReadWords = Callable[[FloatArray], str]
"""Function that reads the words in samples (n_samples,), mono at 16 kHz."""


def checked_by(model: Recognizer, phrase: str) -> Check:
    """Make the check that a model reads the phrase."""

    def read(samples: FloatArray) -> str:
        return model.transcribe(samples, language="en", temperature=0.0).text

    return check_words(read, phrase)


def examples_checked_by(model: Recognizer, examples: Examples) -> Check:
    """Make the check that a model reads the phrase, something that it read in examples of it, or might have read it.

    What is heard through a room is often read as other words. There the phrase counts if it is so much likelier as the
    first words than it is in silence as the sound asks for: the less, the more it is like the examples.
    """
    from ..whisper.model import Model

    is_near = _near(examples.phrase, examples.readings)
    if not isinstance(model, Model):
        return lambda samples, score: is_near(model.transcribe(samples, language="en", temperature=0.0).text)
    language = "en" if model.tokenizer.is_multilingual else None
    phrase = examples.phrase
    forms = [f" {form}" for form in dict.fromkeys([phrase, phrase.lower(), phrase.capitalize(), phrase.title()])]
    with closing(model.closed(_SILENCE, language)) as reader:
        usual = reader.begins(forms)

    def check(samples: FloatArray, score: float) -> bool:
        with closing(model.closed(samples, language)) as reader:
            return is_near(reader.free().text) or reader.begins(forms) - usual >= _GAIN - _NATS * score

    return check


def heard_in_doubt(word: WakeWord, check: Check, threshold: float | None = None) -> Spotter:
    """Begin to hear a ready word, of which the recogniser reads what is in doubt."""
    sure = word.threshold if threshold is None else threshold
    return Spotter(word, threshold=_LOOSE * sure, check=check, sure=sure)


def check_words(read: ReadWords, phrase: str, readings: Iterable[str] = ()) -> Check:
    """Make the check out of a function that reads words: the phrase, or one of some readings of it."""
    is_near = _near(phrase, readings)
    return lambda samples, score: is_near(read(samples))


def _near(phrase: str, readings: Iterable[str]) -> Callable[[str], bool]:
    """Make the function that tells whether a text holds the phrase or a reading of it, but for a few letters."""
    wanted = [letters for letters in map(_letters, dict.fromkeys([phrase, *readings])) if len(letters) >= _SHORT]
    wanted = wanted or [_letters(phrase)]

    def is_near(text: str) -> bool:
        heard = _letters(text)
        return any(_distance_within(letters, heard) <= _MOST_WRONG * len(letters) for letters in wanted)

    return is_near


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
