"""Where the sound of a container belongs: time stamps to seconds from the beginning, checked for sense."""

from __future__ import annotations

TOLERANCE_S = 0.1
"""What stamps may be off without meaning anything: coarse clocks, and the priming of codecs."""

MOST_SILENCE_S = 6 * 3600.0
"""All silence that time stamps may ask for: a few hostile bytes can claim any amount."""


class Timeline:
    """Follows the frames of one track, and says how much silence belongs before each.

    A stamp that leaps counts only where the next frame goes on from it; one that is alone in what it says does not.
    """

    def __init__(self, zero_s: float) -> None:
        """Begin where the container's clock shows `zero_s`."""
        self.at_s = 0.0
        """Seconds of the recording so far, silence included."""
        self.disbelieved_s = 0.0
        """Silence that was asked for beyond what is believed."""
        self._shift_s = -zero_s
        self._silence_left_s = MOST_SILENCE_S

    def silence_before(
        self, stamp_s: float | None, duration_s: float, next_s: float | None, *, exactly: bool = False
    ) -> float:
        """Seconds of silence before a frame, which is then taken as placed.

        `stamp_s` is its time stamp and `next_s` that of the frame behind it; None where there is none. `exactly`
        lets small differences count as well: something is known to be missing.
        """
        silence_s = 0.0 if stamp_s is None else self._leap(stamp_s, duration_s, next_s, 0.0 if exactly else TOLERANCE_S)
        if silence_s < 0:  # the clock was set back: the sound simply goes on
            self._shift_s -= silence_s
            silence_s = 0.0
        silence_s = self._believed(silence_s)
        self.at_s += silence_s + duration_s
        return silence_s

    def skip(self, lost_s: float) -> float:
        """Seconds of silence for what is missing although the stamps, which count frames alone, do not show it."""
        silence_s = self._believed(lost_s)
        self.at_s += silence_s
        self._shift_s += silence_s
        return silence_s

    def _leap(self, stamp_s: float, duration_s: float, next_s: float | None, tolerance_s: float) -> float:
        ahead_s = stamp_s + self._shift_s - self.at_s
        if -TOLERANCE_S <= ahead_s <= tolerance_s:
            return 0.0
        if next_s is None:
            return ahead_s
        goes_on = next_s >= stamp_s if ahead_s > 0 else abs(next_s - stamp_s - duration_s) <= TOLERANCE_S
        return ahead_s if goes_on else 0.0

    def _believed(self, silence_s: float) -> float:
        if silence_s <= self._silence_left_s:
            self._silence_left_s -= silence_s
            return silence_s
        self.disbelieved_s += silence_s
        self._shift_s -= silence_s
        return 0.0
