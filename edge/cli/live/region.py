"""The last lines of a terminal, which are drawn again and again, while what is said above them scrolls away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import terminal_size

from .layout import Line, paint, width_of

_CLEAR_LINE, _CLEAR_BELOW = "\x1b[K", "\x1b[J"


class Region:
    """Lines at the bottom of a terminal."""

    def __init__(self, write: Callable[[str], None], size: Callable[[], terminal_size], *, styled: bool) -> None:
        """Begin with no lines; `size` tells the terminal's, and without `styled` nothing is dim."""
        self._write = write
        self._size = size
        self._styled = styled
        self._drawn: tuple[Line, ...] = ()
        self._drawn_columns = 0

    @property
    def columns(self) -> int:
        """Columns of a line, at most: the last one of the terminal stays free, or some terminals begin another line."""
        return max(1, self._size().columns - 1)

    @property
    def rows(self) -> int:
        """Lines that there is room for; the one above stays in sight."""
        return max(1, self._size().lines - 1)

    def draw(self, lines: Sequence[Line], *, above: Sequence[Line] = ()) -> None:
        """Put lines in place of those that are there, and `above` them lines that stay."""
        if not above and tuple(lines) == self._drawn and self.columns == self._drawn_columns:
            return
        text = [f"{paint(line, styled=self._styled)}{_CLEAR_LINE}\n" for line in above]
        text.append("\n".join(f"{paint(line, styled=self._styled)}{_CLEAR_LINE}" for line in lines))
        self._write(f"{self._to_top()}{''.join(text)}{_CLEAR_BELOW}")
        self._drawn, self._drawn_columns = tuple(lines), self.columns

    def erase(self) -> None:
        """Take the lines off the screen."""
        if self._drawn:
            self._write(f"{self._to_top()}{_CLEAR_BELOW}")
        self._drawn = ()

    def _to_top(self) -> str:
        """Write what moves the cursor to the first of the lines; a terminal that became narrower has broken them."""
        n_rows = sum(max(1, -(-width_of(line) // (self.columns + 1))) for line in self._drawn)
        return f"\r\x1b[{n_rows - 1}A" if n_rows > 1 else "\r"
