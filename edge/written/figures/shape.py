"""The shape of a text: its words and numbers on one line, where patterns find them.

"Half past seven, today" is ` half past #7, today `: each piece follows one blank; `#` is a number, `@` an ordinal;
a comma stays; any other sign is ` ¦`, which no pattern knows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from .numbers import Number, Piece

BREAK = "¦"
_TAKEN = "¤"


class Shape:
    """Pieces on one line, and which of them are taken."""

    def __init__(self, text: str, pieces: Sequence[Piece]) -> None:
        self.text = text
        """Text that the pieces are of."""
        self.pieces = pieces
        self._places: list[tuple[int, int]] = []
        self._taken: set[int] = set()
        line = ""
        for index, piece in enumerate(pieces):
            start, line = len(line) + 1, f"{line} {_sign(piece)}"
            self._places.append((start, len(line)))
            following = pieces[index + 1].start if index + 1 < len(pieces) else len(text)
            gap = text[piece.end : following]
            line += "" if gap in {" ", ""} else "," if gap == ", " else f" {BREAK}"
        self.line = f"{line} "

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the first piece at or behind a place of the line, and the first that is not before another."""
        return bisect_left(self._places, (start, 0)), bisect_left(self._places, (end, 0))

    def take(self, first: int, last: int) -> None:
        """Take pieces, so that no pattern sees them any more."""
        start, end = self._places[first][0], self._places[last - 1][1]
        self.line = f"{self.line[:start]}{_TAKEN * (end - start)}{self.line[end:]}"
        self._taken.update(range(first, last))

    def is_taken(self, index: int) -> bool:
        """Whether a pattern has the piece already."""
        return index in self._taken


def _sign(piece: Piece) -> str:
    if not isinstance(piece, Number):
        return piece.key
    value = f"{piece.value:.0f}" if float(piece.value).is_integer() else repr(piece.value)
    return ("@" if piece.is_ordinal else "#") + value
