"""Keys pressed on the terminal: without echo, so that they do not disturb what is shown, and at once."""

from __future__ import annotations

import os
import select
import sys
from types import TracebackType
from typing import Any, Self

if sys.platform != "win32":
    import termios
    import tty

_TALK = frozenset(b"\r\n ")
_MOST_KEYS = 1024


def has_keys() -> bool:
    """Whether there is a keyboard that can be read key by key, and that we have: who runs in the background has not."""
    if sys.platform == "win32" or sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return False
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:  # not the terminal that we were started from
        return True


class Keys:
    """The keyboard, until the block ends; Ctrl-C stays what it is."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()
        self._before: list[Any] | None = None

    def __enter__(self) -> Self:
        if sys.platform != "win32":
            self._before = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.restore()

    def restore(self) -> None:
        """Give the terminal back as it was, without what was typed."""
        if sys.platform != "win32" and self._before is not None:
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, self._before)
            self._before = None

    def n_pressed(self) -> int:
        """Count how often Enter or the space bar was pressed since the last time."""
        if not select.select([self._descriptor], [], [], 0)[0]:
            return 0
        try:
            return sum(key in _TALK for key in os.read(self._descriptor, _MOST_KEYS))
        except OSError:  # the terminal is gone
            return 0
