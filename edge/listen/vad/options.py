"""Settings of what counts as speech, checked when they are made."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field

from ...errors import OptionError
from ...kinds import Real, Whole
from ...settings import check_fields, setting
from ...values import real

SHORTEST_MAX_SPEECH_S = 1.0

_GROUP = "speech detection"
_PROBABILITY = Real(sys.float_info.min, math.nextafter(1, 0), "a probability between 0 and 1")
_LENGTH_MS = Whole(0, 60_000, "milliseconds from 0 to 60000")
_LENGTH_S = Real(SHORTEST_MAX_SPEECH_S, math.inf, f"seconds, at least {SHORTEST_MAX_SPEECH_S:g} on top of the padding")


@dataclass(frozen=True, slots=True)
class VadOptions:
    """Settings of speech detection; the names are faster-whisper's, with the unit at the end."""

    threshold: float = field(default=0.5, metadata=setting(_PROBABILITY, group=_GROUP, metavar="P"))
    """Probability at or above which a frame of 32 ms counts as speech."""
    neg_threshold: float | None = field(
        default=None,
        metadata=setting(_PROBABILITY, group=_GROUP, metavar="P", none="0.15 below the threshold, at least 0.01"),
    )
    """Probability of speech below which speech ends."""
    min_speech_ms: int = field(default=0, metadata=setting(_LENGTH_MS, group=_GROUP, metavar="MS"))
    """Length of speech below which it is ignored."""
    max_speech_s: float = field(default=30.0, metadata=setting(_LENGTH_S, group=_GROUP, metavar="S"))
    """Length of speech, padding included, above which it is cut where it is least likely to be speech."""
    min_silence_ms: int = field(default=500, metadata=setting(_LENGTH_MS, group=_GROUP, metavar="MS"))
    """Length of a pause below which it belongs to the speech around it."""
    speech_pad_ms: int = field(default=400, metadata=setting(_LENGTH_MS, group=_GROUP, metavar="MS"))
    """Padding taken in before and after speech. Neighbors share a shorter pause."""

    def __post_init__(self) -> None:
        # The fields hold plain numbers, whatever types were given.
        check_fields(self)
        shortest_s = SHORTEST_MAX_SPEECH_S + 2 * self.speech_pad_ms / 1000
        expected = f"seconds, at least {shortest_s:g} with this padding"
        real("max_speech_s", self.max_speech_s, shortest_s, math.inf, expected)
        if self.silence_threshold > self.threshold:
            raise OptionError(f"neg_threshold is {self.neg_threshold}; expected at most threshold, {self.threshold}")

    @property
    def silence_threshold(self) -> float:
        """Probability below which speech ends."""
        return max(self.threshold - 0.15, 0.01) if self.neg_threshold is None else self.neg_threshold
