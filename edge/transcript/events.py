"""What a session tells while sound comes in, in the order in which it happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ..gaps import Gap
from .types import Segment, Timing


@dataclass(frozen=True, slots=True)
class Final:
    """A segment that was found, and stays as it is."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class End:
    """The end of the sound: nothing follows, and this is said of the whole."""

    language: str
    """Code of the language spoken, given or detected."""
    duration: float
    """Length of the sound in seconds."""
    timing: Timing
    language_probabilities: dict[str, float] = field(default_factory=dict)
    """Probability of each language that it may be, the likeliest first; empty where it was given."""
    peak: float = 0.0
    """Loudest sample; 1 is full scale."""


Event: TypeAlias = Final | Gap | End
"""A segment, something that is missing, or the end."""
