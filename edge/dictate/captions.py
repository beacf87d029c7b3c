"""What an overlay says: that it listens, what is understood by now, and that a text is on its way."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..desktop.protocol import Caption
from ..transcript.current import Current
from ..transcript.events import Event
from .dictation import State

WORKING = "working"


class Captions:
    """Makes captions of states and events, from any thread."""

    def __init__(self, show: Callable[[Caption | None], object], n_due: Callable[[], int]) -> None:
        """Begin with nothing to show; `n_due` counts the texts that are on their way."""
        self._show, self._n_due = show, n_due
        self._state = State.IDLE
        self._current = Current()
        self._lock = threading.Lock()

    def tell(self, state: State) -> None:
        """Take note of what goes on."""
        with self._lock:
            if self._state is State.IDLE:
                self._current.forget()  # a new dictation has none of the words of the last one
            self._state = state
            self._update()

    def take(self, event: Event) -> None:
        """Take note of what is read."""
        with self._lock:
            self._current.take(event)
            self._update()

    def note_written(self) -> None:
        """Take note that a text is dealt with."""
        with self._lock:
            self._update()

    def _update(self) -> None:
        if self._state is not State.IDLE:
            self._show(Caption(str(self._state), self._current.firm, self._current.rest))
        elif self._n_due():
            self._show(Caption(WORKING, self._current.firm, self._current.rest))
        else:
            self._show(None)
