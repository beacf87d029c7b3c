"""Moments as samples, and the moment from which a microphone gives sound at all."""

from __future__ import annotations

from math import inf

from ..audio.microphone import Captured
from ..audio.mono import SAMPLE_RATE_HZ

_LEAK_S_PER_S = 0.001
"""Seconds per second by which the clocks of sound and computer may part."""

_STEADY_PIECES = 3


class Moments:
    """The sample that had come at a moment of the clock, learned from when samples come.

    Sound is late by turns, never early: what came soonest tells how the clocks stand to each other.
    """

    def __init__(self) -> None:
        self._offset_s, self._end_s = inf, 0.0

    def note(self, end: int, now_s: float) -> None:
        """Take note that all samples before number `end` have come by now."""
        end_s = end / SAMPLE_RATE_HZ
        leak_s = _LEAK_S_PER_S * max(0.0, end_s - self._end_s)
        self._offset_s, self._end_s = min(self._offset_s + leak_s, now_s - end_s), end_s

    def sample_at(self, time_s: float) -> int:
        """Return the number of the sample that came then; 0 where nothing has come yet."""
        return 0 if self._offset_s == inf else max(0, round((time_s - self._offset_s) * SAMPLE_RATE_HZ))


class Steadiness:
    """Whether a microphone gives sound: a headset that has just been opened gives exact silence for seconds."""

    def __init__(self) -> None:
        self._n_pieces = 0

    @property
    def is_real(self) -> bool:
        """Whether what comes is sound: from its first sample on it is kept."""
        return self._n_pieces > 0

    @property
    def is_steady(self) -> bool:
        """Whether it has come for a while."""
        return self._n_pieces >= _STEADY_PIECES

    def lose(self) -> None:
        """Begin again: the microphone is gone."""
        self._n_pieces = 0

    def feed(self, piece: Captured) -> None:
        """Take what comes. Exact silence later on is what noise suppression makes of a pause, and no loss."""
        samples = piece.samples
        if len(samples) and (self.is_real or bool((samples != samples[0]).any())):
            self._n_pieces += 1
