"""The protocol of everything that hears a wake word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Score:
    """How much the sound up to a sample is like the phrase."""

    at: int
    """Sample up to which sound was heard, counted from the first that was fed."""
    value: float
    """Number from 0 to 1; what it takes to be the phrase differs from one detector to another."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A moment at which somebody said the phrase."""

    phrase: str
    at: int
    """Sample at which that was decided, counted from the first that was fed; the phrase ended a little before."""
    score: float
    """Highest score by then."""


class WakeWord(Protocol):
    """A detector of one phrase in one stream; it belongs to one thread at a time."""

    @property
    def phrase(self) -> str:
        """Phrase, as it is spoken."""
        ...

    @property
    def threshold(self) -> float:
        """Score from which on it is the phrase, unless the user chooses another."""
        ...

    def feed(self, samples: FloatArray) -> list[Score]:
        """Take samples (n_samples,), mono at 16 kHz, of any number; gives what is known by now, in order."""
        ...

    def reset(self) -> None:
        """Forget what was heard; the count of samples goes on."""
        ...
