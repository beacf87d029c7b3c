"""Events that a session reports while sound comes in, in the order in which they happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ..gaps import Gap
from .types import Segment, Timing


@dataclass(frozen=True, slots=True)
class Speech:
    """The beginning of a turn: somebody speaks, or goes on where a long turn was cut."""

    start: float
    """Seconds from the beginning of the recording."""


@dataclass(frozen=True, slots=True)
class Partial:
    """Text that is read by now and may change: its end is not heard yet, and a `Final` takes its place."""

    start: float
    """Seconds from the beginning of the recording."""
    end: float
    """Seconds from the beginning of the recording up to which sound was heard."""
    text: str
    """Text from `start` on, that which is stable included."""
    n_stable: int = 0
    """Number of characters at the beginning of `text` that are stable."""


@dataclass(frozen=True, slots=True)
class Stable:
    """Words that follow those of the `Stable` before, and will stay, unless a `Final` has others in their place."""

    start: float
    """Seconds from the beginning of the recording."""
    end: float
    """Seconds from the beginning of the recording at which the last of the words ends."""
    text: str
    """Text as decoded, with the blank in front of the first word."""


@dataclass(frozen=True, slots=True)
class Final:
    """A segment that was found, and will not change."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class Silence:
    """The end of a turn: what was said before is final, and nobody speaks."""

    start: float
    """Seconds from the beginning of the recording up to which the turn was read."""


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
    notes: tuple[str, ...] = ()
    """Sentences about how the text was made, such as who was asked about words in doubt."""


Event: TypeAlias = Speech | Partial | Stable | Final | Silence | Gap | End
"""Report of a session: speech, text of one of three grades, silence, something that is missing, or the end."""
