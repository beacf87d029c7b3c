"""Everything that the command says on standard error: messages, log records, and the progress bar."""

from __future__ import annotations

import io
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

from ...harmless import harmless

BAR_AFTER_S = 2.0
"""Seconds of work before a bar is shown."""

_REDRAW_S = 0.1
_BAR_CELLS = 24
_CLEAR_LINE = "\r\x1b[K"


class Console:
    """Writes to one stream, and keeps the bar out of the way of the messages. `progress` is a `Progress`."""

    def __init__(self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr or io.StringIO()  # None where standard error is closed
        self._draws = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._clock = clock
        self._what = ""
        self._began_at = 0.0
        self._drawn_at = 0.0
        self._on_screen = False
        self.make_way: Callable[[], None] = lambda: None
        """Function that takes other lines off the screen, which are drawn again."""

    def say(self, message: str) -> None:
        """Write one line that begins with the command's name."""
        self.clear()
        self._write(f"edgewise: {one_line(message)}\n")

    def show(self, text: str) -> None:
        """Write a line, or several, without the command's name."""
        self.clear()
        self._write(f"{harmless(text)}\n")

    def progress(self, what: str, done: int, total: int) -> None:
        """Note how far the work is; draws a bar on a terminal once the work has lasted a while."""
        now = self._clock()
        if what != self._what:
            self.clear()
            self._what, self._began_at, self._drawn_at = what, now, 0.0
        if not self._draws or now - self._began_at < BAR_AFTER_S or now - self._drawn_at < _REDRAW_S:
            return
        self._drawn_at = now
        width = shutil.get_terminal_size().columns - 1
        line = bar(one_line(what), done, total, now - self._began_at)[:width]
        self._write(f"{_CLEAR_LINE}{line}")
        self._on_screen = True

    def clear(self) -> None:
        """Take the bar off the screen; the next piece of work starts a new one."""
        self.make_way()
        if self._on_screen:
            self._write(_CLEAR_LINE)
        self._on_screen = False
        self._what = ""

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            return  # nobody listens on standard error any more; the work goes on


class ConsoleHandler(logging.Handler):
    """Shows the library's log records as the command's own messages."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        self._console.say(record.getMessage())


def bar(what: str, done: int, total: int, elapsed_s: float) -> str:
    """Draw a line such as `downloading x  [######..........]  40 %  0:09 left`."""
    if total <= 0:
        return f"{what}  {_clock_time(elapsed_s)}"
    share = min(1.0, max(0.0, done / total))
    filled = round(share * _BAR_CELLS)
    cells = "#" * filled + "." * (_BAR_CELLS - filled)
    left = f"{_clock_time(elapsed_s * (1 - share) / share)} left" if share > 0 else ""
    return f"{what}  [{cells}] {100 * share:3.0f} %  {left}".rstrip()


def one_line(message: str) -> str:
    """Return the message without line breaks, and without what a terminal would obey."""
    return harmless(" ".join(message.split()))


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
