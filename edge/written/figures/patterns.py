r"""Patterns of the tables: what is said, and how it is written.

    say = "half past {h:1-12}"        write = "{h}:30"
    say = "[a] quarter to {h:1-12}"   write = "{h-1}:45"
    say = "<at|by> {h:1-12} {m:10-59}"

Elements are divided by blanks. `a|b` is one word of several, `[a]` may be missing, `<a>` has to be there and stays as
it is, `,` may be a comma, `$` is the end or a sign. `{n}` is any number, `{n:1-12}` a whole one in a range,
`{n:1st-31st}` an ordinal, `{n:months}` a word of a list; `{n:spelled}` a number that is not in figures yet. What is
written has the same names; `{h-1}` is the hour before, `{m:02}` has two digits, `{n:plain}` is whole and not grouped,
`{n:roman}` is that of a century, and `{m:to}` are the minutes that are left of an hour. `=` leaves what is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .numbers import Number, Piece
from .shape import BREAK, Shape

_SLOT = re.compile(r"\{(\w+)(?::([\w-]+))?\}")
_RANGE = re.compile(r"(\d+)(?:st|nd|rd|th)?-(\d+)(st|nd|rd|th)?")
_SIGNS = {",": ",?", "$": rf"(?= \Z|,| {BREAK})"}
_CAPITAL = "^"
_AS_SAID = "="
_ALSO_IN_FIGURES = ("money", "percent", "time")
_HOURS = 12


class Filled(NamedTuple):
    """A place where a pattern fits."""

    first: int
    """First piece."""
    last: int
    """Piece behind the last one."""
    after: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """One row of a table, compiled."""

    rule: str
    said: re.Pattern[str]
    kinds: Mapping[str, str]
    """Kind of each slot: a range, a name of a list, "number" or "spelled"."""
    lists: Mapping[str, Mapping[str, str]]
    """Words by list, and how each is written."""
    write: str

    def find(self, shape: Shape, figures: Callable[[Number], str]) -> Iterator[Filled]:
        """Find where it fits, from left to right; `figures` writes a number."""
        place = 0
        while found := self.said.search(shape.line, place):
            place = found.start() + 1
            slots = {name: shape.pieces[shape.span(found.start(name), 0)[0]] for name in self.kinds if found[name]}
            if self._is_due(slots) and all(self._fits(name, piece) for name, piece in slots.items()):
                first, last = shape.span(found.start("from_"), found.end("to_"))
                said = shape.text[shape.pieces[first].start : shape.pieces[last - 1].end]
                yield Filled(first, last, said if self.write == _AS_SAID else self._fill(slots, figures))
                place = max(place, found.end("to_"))

    def _is_due(self, slots: Mapping[str, Piece]) -> bool:
        """Whether there is something to write: dates in figures are as their writer wants them, "5 percent" is not."""
        is_spelled = any(isinstance(piece, Number) and piece.is_spelled for piece in slots.values())
        return is_spelled or self.rule in _ALSO_IN_FIGURES

    def _fits(self, name: str, piece: Piece) -> bool:
        kind = self.kinds[name]
        if isinstance(piece, Number):
            bounds = _RANGE.fullmatch(kind)
            if bounds:
                return int(bounds[1]) <= piece.value <= int(bounds[2])
            return kind != "spelled" or piece.is_spelled
        written = self.lists[kind][piece.key]
        return not written.startswith(_CAPITAL) or piece.said[:1].isupper()

    def _fill(self, slots: Mapping[str, Piece], figures: Callable[[Number], str]) -> str:
        def one(found: re.Match[str]) -> str:
            piece = slots[found[1]]
            if not isinstance(piece, Number):
                return self.lists[self.kinds[found[1]]][piece.key].removeprefix(_CAPITAL)
            value = int(piece.value)
            if found[2]:
                return str(value - 1 or _HOURS)
            forms = {"02": f"{value:02}", "plain": str(value), "roman": _roman(value), "to": f"{60 - value:02}"}
            return forms[found[3]] if found[3] else figures(piece)

        return re.sub(r"\{(\w+)(-1)?(?::(\w+))?\}", one, self.write)


def _roman(value: int) -> str:
    """Write a number below 40, as centuries are."""
    tens, ones = divmod(value, 10)
    return "X" * tens + ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")[ones]


def compiled(rows: Sequence[Mapping[str, Any]], lists: Mapping[str, Mapping[str, str]]) -> list[Pattern]:
    """Build the rows of a table, whose `say` is one pattern or several."""
    return [
        _pattern(row["rule"], said, row["write"], lists)
        for row in rows
        for said in ([row["say"]] if isinstance(row["say"], str) else row["say"])
    ]


def _pattern(rule: str, said: str, write: str, lists: Mapping[str, Mapping[str, str]]) -> Pattern:
    kinds: dict[str, str] = {}
    line, is_inside, is_over = "", False, False
    for element in said.split():
        if element.startswith("<"):
            if is_inside:
                line, is_inside, is_over = f"{line}(?P<to_>)", False, True
        elif not is_inside and not is_over:
            line, is_inside = f"{line}(?P<from_>)", True
        line += _element(element, kinds, lists)
    line += "" if is_over else "(?P<to_>)"
    return Pattern(rule, re.compile(f"{line}(?=[ ,])"), kinds, lists, write)


def _element(element: str, kinds: dict[str, str], lists: Mapping[str, Mapping[str, str]]) -> str:
    if element in _SIGNS:
        return _SIGNS[element]
    if element.startswith("["):
        return f"(?:{_element(element[1:-1], kinds, lists)})?"
    slot = _SLOT.fullmatch(element.strip("<>"))
    if slot is None:
        return f" (?:{'|'.join(re.escape(word) for word in element.strip('<>').split('|'))})"
    name, kind = slot[1], slot[2] or "number"
    kinds[name] = kind
    bounds = _RANGE.fullmatch(kind)
    if bounds:
        return f" (?P<{name}>{'@' if bounds[3] else '#'}[0-9]+)"
    if kind in ("number", "spelled"):
        return f" (?P<{name}>#[0-9.]+)"
    return f" (?P<{name}>{'|'.join(re.escape(word) for word in sorted(lists[kind], key=len, reverse=True))})"


def read_lists(table: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """Read lists of words: each is written as it stands there, or as what follows its "="."""
    return {name: dict(_entry(word) for word in words) for name, words in table.items()}


def _entry(word: str) -> tuple[str, str]:
    said, _, written = word.partition("=")
    return said.removeprefix(_CAPITAL).lower(), written or said
