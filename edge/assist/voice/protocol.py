"""The protocol of everything that speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ...arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Spoken:
    """Speech, ready to be played."""

    samples: FloatArray
    """Samples (n_samples,), mono."""
    rate_hz: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


class Voice(Protocol):
    """A voice; threads may share it."""

    @property
    def name(self) -> str:
        """Name of the program, and of what it speaks with."""
        ...

    def speak(self, text: str) -> Spoken:
        """Make speech of a text; OutputError if that fails."""
        ...

    def close(self) -> None:
        """End its program; harmless after that."""
        ...
