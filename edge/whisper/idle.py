"""Keeps states that wait for the next transcription, a bounded number of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock

from .engines.protocol import State


class IdleStates:
    """A pool that lends states, and keeps those that came back. Threads may share it.

    A state of 20 MB takes longer to make than a short clip to encode; beams that are not used take no memory.
    """

    def __init__(self, make: Callable[[int], State], most: int) -> None:
        """Make an empty pool; `make` gives a state of a number of beams, and at most `most` states wait."""
        self._make = make
        self._lock = Lock()
        self._idle: deque[tuple[int, State]] = deque(maxlen=most)  # the one that has waited longest gives way

    def take(self, n_beams: int) -> State:
        """Take a state of `n_beams` beams that nobody else has."""
        return self._waiting(n_beams) or self._make(n_beams)

    def give_back(self, n_beams: int, state: State) -> None:
        """Let a state wait for its next user.

        A state in which an error was raised may be anywhere, and must not be given back.
        """
        with self._lock:
            self._idle.append((n_beams, state))

    def clear(self) -> None:
        """Let go of all that wait; those that are lent come back as ever."""
        with self._lock:
            self._idle.clear()

    def _waiting(self, n_beams: int) -> State | None:
        with self._lock:
            for at in reversed(range(len(self._idle))):  # the last one's memory may still be in the caches
                if self._idle[at][0] == n_beams:
                    _, state = self._idle[at]
                    del self._idle[at]
                    return state
        return None
