"""A menu as panels ask for it (com.canonical.dbusmenu): lines with numbers, and what is called when one is chosen."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..protocol import Entry

Values = dict[str, tuple[str, Any]]
"""Properties by name, with their D-Bus types."""

Layout = tuple[int, Values, list[tuple[str, Any]]]
"""Number, properties and lines below."""

LAYOUT = "(ia{sv}av)"
_ROOT = 0


@dataclass(frozen=True, slots=True)
class _Line:
    entry: Entry
    below: tuple[int, ...]


class Menu:
    """The lines of a menu. Those of a changed one get new numbers: who has the old one open chooses nothing else."""

    def __init__(self, entries: tuple[Entry, ...] = ()) -> None:
        self._numbers = itertools.count(1)
        self._root = Entry("menu")
        self._lines: dict[int, _Line] = {}
        self.revision = 0
        """Number of changes so far."""
        self.update(entries)

    def update(self, entries: tuple[Entry, ...]) -> bool:
        """Take the entries that there are now; whether that changes anything that is seen."""
        root = Entry("menu", entries=entries)
        has_changed = root != self._root or not self._lines
        numbers = self._numbers if has_changed else iter(sorted(set(self._lines) - {_ROOT}))
        self._root, self._lines = root, {}
        self._place(_ROOT, root, numbers)
        self.revision += has_changed
        return has_changed

    def layout(self, number: int = _ROOT, depth: int = -1) -> Layout | None:
        """Return a line with those below it, down to a depth if that is not negative; None where it is not there."""
        line = self._lines.get(number)
        if line is None:
            return None
        below = [self.layout(child, depth - 1) for child in line.below] if depth else []
        return number, self.values(number), [(LAYOUT, each) for each in below]

    def values(self, number: int) -> Values:
        """Return the properties of a line."""
        line = self._lines[number]
        if number == _ROOT:
            return {"children-display": ("s", "submenu")}
        if not line.entry.label:
            return {"type": ("s", "separator")}
        # A lone underscore would underline the letter behind it.
        values: Values = {"label": ("s", line.entry.label.replace("_", "__"))}
        if line.entry.entries:
            return values | {"children-display": ("s", "submenu")}
        return values if line.entry.act is not None else values | {"enabled": ("b", False)}

    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of all lines."""
        return tuple(self._lines)

    def act_of(self, number: int) -> Callable[[], object] | None:
        """Return what a line does; None where there is no such line any more, or it does nothing."""
        line = self._lines.get(number)
        return None if line is None else line.entry.act

    def _place(self, number: int, entry: Entry, numbers: Iterator[int]) -> None:
        below = tuple(next(numbers) for _ in entry.entries)
        self._lines[number] = _Line(entry, below)
        for child, each in zip(below, entry.entries, strict=True):
            self._place(child, each, numbers)
