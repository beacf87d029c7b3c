"""Paces the readings of a live session by what they cost on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Pace:
    """A pace of readings that take a bounded share of the time, and become rarer before they become late."""

    def __init__(self, interval_s: float, share: float, clock: Callable[[], float]) -> None:
        """Begin; a reading is worth while after `interval_s` of new sound, and `clock` gives seconds."""
        self._interval_s = interval_s
        self._share = share
        self._clock = clock
        self._free_at = -float("inf")

    def is_due(self, new_s: float) -> bool:
        """Whether to read now, after so many seconds of new sound."""
        return new_s >= self._interval_s and self._clock() >= self._free_at

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Measure a reading; the next one has to wait until the share is kept."""
        began = self._clock()
        yield
        ended = self._clock()
        self._free_at = ended + (ended - began) * (1 / self._share - 1)
