"""A model of a terminal that knows what the command writes: text, line feeds, and four sequences."""

from __future__ import annotations

import re
from os import terminal_size

from edge.transcript.lines import clusters, width

_TOKEN = re.compile(r"\x1b\[(\d*)([A-Za-z])|(\r|\n)|([^\x1b\r\n]+)")


class Screen:
    """Lines of columns, of which each holds a character and whether it is dim; a wide one takes two."""

    def __init__(self, columns: int = 40, lines: int = 8) -> None:
        self.size = terminal_size((columns, lines))
        self.rows: list[list[tuple[str, bool]]] = [[]]
        self._row = self._column = 0
        self._dim = False

    def write(self, text: str) -> None:
        """Obey what is written; anything that it does not know fails."""
        at = 0
        for found in _TOKEN.finditer(text):
            assert found.start() == at, f"unknown: {text[at : found.start()]!r}"
            at = found.end()
            number, letter, motion, plain = found.groups()
            if letter:
                self._obey(letter, int(number or 0))
            elif motion == "\r":
                self._column = 0
            elif motion == "\n":
                self._feed()
            else:
                self._print(plain)
        assert at == len(text), f"unknown: {text[at:]!r}"

    @property
    def text(self) -> list[str]:
        """Lines as they are read."""
        return ["".join(character for character, _ in row).rstrip() for row in self.rows]

    @property
    def dim(self) -> str:
        """All characters that are dim."""
        return "".join(character for row in self.rows for character, is_dim in row if is_dim)

    def _obey(self, letter: str, number: int) -> None:
        if letter == "K":
            del self.rows[self._row][self._column :]
        elif letter == "J":
            del self.rows[self._row][self._column :]
            del self.rows[self._row + 1 :]
        elif letter == "A":
            assert self._row - number >= max(0, len(self.rows) - self.size.lines), "above the screen"
            self._row -= number
        else:
            assert letter == "m", letter
            self._dim = number == 2

    def _feed(self) -> None:
        self._row, self._column = self._row + 1, 0
        if self._row == len(self.rows):
            self.rows.append([])

    def _print(self, text: str) -> None:
        for cluster in clusters(text):
            n_columns = width(cluster)
            assert self._column + n_columns < self.size.columns, "the line is full, which terminals take in two ways"
            row = self.rows[self._row]
            row += [(" ", False)] * (self._column - len(row))
            row[self._column : self._column + n_columns] = [(cluster, self._dim)] + [("", self._dim)] * (n_columns - 1)
            self._column += n_columns
