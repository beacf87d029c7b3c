"""States that wait for the next transcription, a bounded number of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from .engines.protocol import State


class IdleStates:
    """Lends states, and keeps those that came back; threads may share it.

    A state of 20 MB takes longer to make than a short clip to encode; beams that are not used take no memory.
    """

    def __init__(self, make: Callable[[int], State], most: int) -> None:
        """`make` gives a state of so many beams; at most `most` wait, of whatever numbers of beams."""
        self._make = make
        self._lock = Lock()
        self._idle: deque[tuple[int, State]] = deque(maxlen=most)  # the one that waits longest gives way

    @contextmanager
    def lend(self, n_beams: int) -> Iterator[State]:
        """A state that nobody else has. It comes back unless something is raised, when it may be anywhere."""
        state = self._take(n_beams) or self._make(n_beams)
        yield state
        with self._lock:
            self._idle.append((n_beams, state))

    def _take(self, n_beams: int) -> State | None:
        with self._lock:
            for at in reversed(range(len(self._idle))):  # the last one's memory may still be in the caches
                if self._idle[at][0] == n_beams:
                    _, state = self._idle[at]
                    del self._idle[at]
                    return state
        return None
