"""What counts as speech: the settings, checked when they are made."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

from ...errors import OptionError
from ...values import optional, real, whole

SHORTEST_MAX_SPEECH_S = 1.0


@dataclass(frozen=True, slots=True)
class VadOptions:
    """Settings of speech detection; the names are faster-whisper's, with the unit at the end."""

    threshold: float = 0.5
    """A frame of 32 ms whose probability of speech is at least this is speech."""
    neg_threshold: float | None = None
    """Speech goes on until the probability is below this; None is 0.15 below `threshold`, and at least 0.01."""
    min_speech_ms: int = 0
    """Speech shorter than this is none."""
    max_speech_s: float = 30.0
    """Longer speech is cut, where it is least likely to be speech; padding is counted."""
    min_silence_ms: int = 500
    """Shorter pauses belong to the speech around them."""
    speech_pad_ms: int = 400
    """Taken in before and after speech; neighbours share a shorter pause."""

    def __post_init__(self) -> None:
        # Frozen means for everyone else: the fields hold plain numbers, whatever was given.
        between = (sys.float_info.min, math.nextafter(1, 0), "a probability between 0 and 1")
        length = (0, 60_000, "milliseconds from 0 to 60000")
        fields: dict[str, object] = {
            "threshold": real("threshold", self.threshold, *between),
            "neg_threshold": optional(real, "neg_threshold", self.neg_threshold, *between),
            "min_speech_ms": whole("min_speech_ms", self.min_speech_ms, *length),
            "min_silence_ms": whole("min_silence_ms", self.min_silence_ms, *length),
            "speech_pad_ms": whole("speech_pad_ms", self.speech_pad_ms, *length),
        }
        shortest_s = SHORTEST_MAX_SPEECH_S + 2 * whole("speech_pad_ms", self.speech_pad_ms, *length) / 1000
        expected = f"seconds, at least {shortest_s:g} with this padding"
        fields["max_speech_s"] = real("max_speech_s", self.max_speech_s, shortest_s, math.inf, expected)
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        if self.silence_threshold > self.threshold:
            raise OptionError(f"neg_threshold is {self.neg_threshold}; expected at most threshold, {self.threshold}")

    @property
    def silence_threshold(self) -> float:
        """The probability below which speech ends."""
        return max(self.threshold - 0.15, 0.01) if self.neg_threshold is None else self.neg_threshold
