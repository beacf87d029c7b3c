"""Events that a session reports while sound comes in, in the order in which they happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ..gaps import Gap
from .types import Segment, Timing


@dataclass(frozen=True, slots=True)
class Partial:
    """Text that is read by now and may change: its end is not heard yet, and a `Final` takes its place."""

    start: float
    """Seconds from the beginning of the recording."""
    end: float
    """Seconds from the beginning of the recording up to which sound was heard."""
    text: str


@dataclass(frozen=True, slots=True)
class Final:
    """A segment that was found, and will not change."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class End:
    """The end of the sound, with facts about all of it; no event follows."""

    language: str
    """Code of the language spoken, given or detected."""
    duration: float
    """Length of the sound in seconds."""
    timing: Timing
    language_probabilities: dict[str, float] = field(default_factory=dict)
    """Probability of each possible language, the likeliest first; empty where the language was given."""
    peak: float = 0.0
    """Magnitude of the loudest sample; 1 is full scale."""


Event: TypeAlias = Partial | Final | Gap | End
"""Text that may change, a segment, something that is missing, or the end."""
