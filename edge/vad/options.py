"""What counts as speech: the settings, checked when they are made."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import OptionError

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
        for name, probability in (("threshold", self.threshold), ("neg_threshold", self.neg_threshold)):
            if probability is not None and not 0 < probability < 1:
                raise OptionError(f"{name} is {probability}; expected a probability between 0 and 1")
        if self.silence_threshold > self.threshold:
            raise OptionError(f"neg_threshold is {self.neg_threshold}; expected at most threshold, {self.threshold}")
        for name, milliseconds in (
            ("min_speech_ms", self.min_speech_ms),
            ("min_silence_ms", self.min_silence_ms),
            ("speech_pad_ms", self.speech_pad_ms),
        ):
            if not 0 <= milliseconds <= 60_000:
                raise OptionError(f"{name} is {milliseconds}; expected milliseconds from 0 to 60000")
        shortest_s = SHORTEST_MAX_SPEECH_S + 2 * self.speech_pad_ms / 1000
        if not self.max_speech_s >= shortest_s:
            raise OptionError(
                f"max_speech_s is {self.max_speech_s}; expected seconds, at least {shortest_s:g} with this padding"
            )

    @property
    def silence_threshold(self) -> float:
        """The probability below which speech ends."""
        return max(self.threshold - 0.15, 0.01) if self.neg_threshold is None else self.neg_threshold
