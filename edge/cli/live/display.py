"""Live text on a terminal: what is final scrolls by, and below it stand what is read by now, and a line of status."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import log10

import numpy as np

from ...arrays import FloatArray
from ...audio.mono import SAMPLE_RATE_HZ
from ...gaps import Gap
from ...transcript.current import Current
from ...transcript.events import End, Event, Final, Silence, Speech, Stable
from ..console.summary import gap_words
from .layout import BOLD, DIM, Line, Span, clock, final_lines, meter, partial_lines, status_line
from .region import Region

_REDRAW_S = 0.05
_FALL_DB_PER_S = 40.0
_FLOOR_DB = -100.0


class Display:
    """The lines of one session (a `LiveSink`)."""

    def __init__(
        self, region: Region, *, hint: str, follows: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin; `hint` stands at the end of the status line, whose state `follows` the events or stays as told."""
        self._region = region
        self._clock = clock
        self._follows = follows
        self._drawn_at = -_REDRAW_S
        self.hint = hint
        """Words on what the user can do."""
        self.trouble = ""
        """Word on what is wrong with the microphone at the moment; empty where nothing is."""
        self.state = "listening"
        """Word on what is going on."""
        self._heard_s = 0.0
        self._level_db = _FLOOR_DB
        self._current = Current()

    def hear(self, piece: FloatArray | Gap) -> None:
        """Take note of sound, before it is read."""
        if isinstance(piece, Gap):
            self._heard_s += max(0.0, piece.end - piece.start)
        else:
            seconds = len(piece) / SAMPLE_RATE_HZ
            self._heard_s += seconds
            self._level_db = max(_level_db(piece), self._level_db - _FALL_DB_PER_S * seconds)
        self._draw()

    def tell(self, state: str) -> None:
        """Show what is going on, before any sound of it."""
        self.state, self._level_db = state, _FLOOR_DB
        self._draw(now=True)

    def take(self, event: Event) -> None:
        """Show what happened."""
        self._current.take(event)
        if isinstance(event, Final):
            self._say(final_lines(event.segment.text, self._region.columns))
        elif isinstance(event, Stable):
            return  # what follows them comes next
        elif isinstance(event, Speech):
            self._follow("speech")
        elif isinstance(event, Silence):
            self._follow("silence")
        elif isinstance(event, Gap):
            self._say(_gap_lines(event, self._region.columns))
        elif isinstance(event, End):
            self._region.erase()
            return
        self._draw(now=True)

    def refresh(self) -> None:
        """Draw what a message took off the screen, where no sound comes with which that would happen."""
        self._draw()

    def erase(self) -> None:
        """Take what may change off the screen; it is drawn again with the next sound."""
        self._region.erase()

    def _follow(self, state: str) -> None:
        if self._follows:
            self.state = state

    def _say(self, lines: list[Line]) -> None:
        self._region.draw(self._lines(), above=lines)

    def _draw(self, *, now: bool = False) -> None:
        at = self._clock()
        if now or at - self._drawn_at >= _REDRAW_S:
            self._drawn_at = at
            self._region.draw(self._lines())

    def _lines(self) -> list[Line]:
        firm = self._current.firm
        columns = self._region.columns
        text = partial_lines(firm + self._current.rest, len(firm), columns, self._region.rows - 1)
        state = "" if self.trouble and self._follows else self.state
        parts = (
            Span(self.trouble, BOLD),
            Span(state),
            Span(meter(self._level_db)),
            Span(clock(self._heard_s)),
            Span(self.hint, DIM),
        )
        return [*text, status_line(parts, columns)]


def _gap_lines(gap: Gap, columns: int) -> list[Line]:
    """Lay out what is said of a gap."""
    return [(Span(span.text, DIM),) for line in final_lines(f"({gap_words(gap)})", columns) for span in line]


def _level_db(samples: FloatArray) -> float:
    power = float(np.dot(samples, samples)) / len(samples) if len(samples) else 0.0
    return 10 * log10(power) if power > 0 else _FLOOR_DB
