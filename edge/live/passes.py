"""Passes over a turn while it goes on: what is read so far, word by word, with the evidence for each word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..arrays import FloatArray


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word that a pass has read."""

    said: str
    """Text as decoded, with the blank in front of it, without signs behind it."""
    signs: str
    """Signs behind it."""
    start: float
    """Seconds from the beginning of the turn."""
    end: float
    """Seconds from the beginning of the turn."""
    logprob: float
    """Least log-probability of its tokens."""
    tokens: tuple[int, ...] = field(default=(), repr=False)
    """Tokens of `said`, and of signs in front of it."""
    sign_tokens: tuple[int, ...] = field(default=(), repr=False)
    """Tokens of `signs`."""


@dataclass(frozen=True, slots=True)
class Pass:
    """The result of reading a turn as far as it is known."""

    words: tuple[HeardWord, ...]
    """Words in order; those that were given to be kept come first."""
    seconds: float
    """Length of what was read."""
    avg_logprob: float
    is_believed: bool
    """Whether the text is in no doubt, or in doubt with enough speech to bear it out."""
    language: str = "en"

    @property
    def text(self) -> str:
        """Text of all words."""
        return "".join(word.said + word.signs for word in self.words)


class PassReader(Protocol):
    """A reader of one turn; it takes the sound as it comes, and may be asked for its text at any time."""

    def feed(self, samples: FloatArray) -> None:
        """Take the next samples (n_samples,), mono at 16 kHz."""
        ...

    def read(self, kept: Sequence[HeardWord], heard_s: float) -> Pass:
        """Read all that has come, with `kept` as the words that it begins with; `heard_s` of it sound like speech."""
        ...

    def words(self, text: str, at_s: float) -> tuple[HeardWord, ...]:
        """Divide a text into words, all of them at one second of the turn."""
        ...

    def close(self) -> None:
        """Give back what the reader uses; harmless when already done."""
        ...
