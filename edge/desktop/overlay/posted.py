"""An overlay drawn in a thread of its own: who has something to show never waits for a screen."""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

from ...errors import DesktopError
from ..protocol import Caption

_LOG = logging.getLogger("edge.desktop")

_REDRAW_S = 0.05
_JOIN_S = 5.0


class Sheet(Protocol):
    """A window of one kind of desktop, used by one thread at a time."""

    def draw(self, caption: Caption) -> None:
        """Show this; DesktopError where the desktop is gone."""

    def erase(self) -> None:
        """Take the window off the screen."""

    def close(self) -> None:
        """Give everything back."""


class Posted:
    """Shows the newest caption that was posted; those that came and went while it drew were never seen."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._wanted: Caption | None = None
        self._seen: Caption | None = None
        self._is_closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="edgewise overlay", daemon=True)
        self._thread.start()

    def show(self, caption: Caption | None) -> None:
        """Show this from now on; None for nothing."""
        with self._changed:
            self._wanted = caption
            self._changed.notify_all()

    def close(self) -> None:
        """Take it off the screen for good."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join(_JOIN_S)

    def _run(self) -> None:
        try:
            self._follow()
        except DesktopError as error:
            _LOG.debug("the overlay ended: %s", error)  # a dictation goes on without it, and says what is wrong itself
        finally:
            self._sheet.close()

    def _follow(self) -> None:
        while self._take_newest():
            if self._seen is None:
                self._sheet.erase()
            else:
                self._sheet.draw(self._seen)
            time.sleep(_REDRAW_S)

    def _take_newest(self) -> bool:
        """Wait for a caption that is another one; whether one came before the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing or self._wanted != self._seen)
            self._seen = self._wanted
            return not self._is_closing
