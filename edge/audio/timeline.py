"""Places the sound of a container: turns time stamps to seconds from the beginning, and checks that they make sense."""

from __future__ import annotations

from math import inf

TOLERANCE_S = 0.1
"""Seconds that a stamp may be off without a meaning: clocks are coarse, and codecs are primed."""

DRIFT_S = 0.5
"""Seconds that stamps may be off when they drift there step by step."""

MOST_SILENCE_S = 6 * 3600.0
"""Seconds of silence that time stamps may ask for in all: a few hostile bytes can claim any amount."""

_LENGTH_TOLERANCE_S = 10.0


class Timeline:
    """A clock that follows the frames of one track, and tells how much silence belongs before each.

    A stamp that leaps counts only where the next frame goes on from it, not where it stands alone.
    """

    def __init__(self, zero_s: float, length_s: float | None = None) -> None:
        """Begin where the container's clock shows `zero_s`; `length_s` is the announced length of the recording."""
        self.at_s = 0.0
        """Seconds of the recording so far, silence included."""
        self.disbelieved_s = 0.0
        """Seconds of silence that stamps asked for beyond what is plausible."""
        self._shift_s = -zero_s
        self._expected_s = zero_s
        self._silence_left_s = MOST_SILENCE_S
        self._latest_s = inf if length_s is None else length_s + _LENGTH_TOLERANCE_S

    def place(
        self, stamp_s: float | None, duration_s: float, next_s: float | None, *, exactly: bool = False
    ) -> tuple[float, bool]:
        """Take a frame; gives the seconds of silence that belong before it, and whether its stamp leaps ahead.

        `stamp_s` is its time stamp and `next_s` that of the frame after it; None where there is none. `exactly` lets
        small differences count as well, where something is known to be missing.
        """
        silence_s, leaps = 0.0, False
        if stamp_s is not None:
            tolerance_s = 0.0 if exactly else TOLERANCE_S
            leaps = stamp_s - self._expected_s > tolerance_s
            ahead_s = stamp_s + self._shift_s - self.at_s
            if ahead_s > (tolerance_s if leaps else DRIFT_S) and (next_s is None or next_s >= stamp_s - TOLERANCE_S):
                silence_s = self._believed(ahead_s)
            elif ahead_s < -TOLERANCE_S and (next_s is None or abs(next_s - stamp_s - duration_s) <= TOLERANCE_S):
                self._shift_s -= ahead_s  # the clock was set back: the sound simply goes on
            self._expected_s = stamp_s + duration_s
        self.at_s += silence_s + duration_s
        return silence_s, leaps

    def skip(self, lost_s: float) -> float:
        """Go past sound that is missing without a trace in the stamps; gives the seconds of silence for it."""
        silence_s = self._believed(lost_s)
        self.at_s += silence_s
        self._shift_s += silence_s
        return silence_s

    def _believed(self, silence_s: float) -> float:
        if silence_s <= self._silence_left_s and self.at_s + silence_s <= self._latest_s:
            self._silence_left_s -= silence_s
            return silence_s
        self.disbelieved_s += silence_s
        self._shift_s -= silence_s
        return 0.0
