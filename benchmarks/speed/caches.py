"""Driving a model out of the caches, which also tells how fast memory is at that moment."""

from __future__ import annotations

from edge import ops

_AN_INSTANT_S = 1e-4
"""Time shorter than one pass over the memory, so that it is read once."""


class Evictor:
    """Reader of more memory than the caches hold, with as many threads as the engine has."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._memory = ops.memory_to_read()
        self.rates: list[float] = []
        """Bytes a second of each reading."""

    def __call__(self) -> None:
        """Leave nothing in the caches but what nobody needs."""
        self.rates.append(ops.measure_peak("read", self._threads, _AN_INSTANT_S, self._memory))
