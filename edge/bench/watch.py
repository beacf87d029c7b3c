"""Looks at the machine twice a second while something is measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from .conditions import Conditions, observe

_EVERY_S = 0.5


class Watch:
    """What was seen so far, before the work, meanwhile and after it."""

    def __init__(self, every_s: float = _EVERY_S) -> None:
        self.seen: list[Conditions] = []
        self._every_s = every_s
        self._end = Event()
        self._thread = Thread(target=self._look, name="edgewise-watch", daemon=True)

    def _look(self) -> None:
        while not self._end.wait(self._every_s):
            self.seen.append(observe())

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look until the block ends."""
        self.seen.append(observe())
        self._thread.start()
        try:
            yield
        finally:
            self._end.set()
            self._thread.join()
            self.seen.append(observe())
