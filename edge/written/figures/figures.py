"""All figures of a text, by the tables of its language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..draft import Draft, Edit
from ..words import Word, words_of
from .addresses import Addresses
from .digits import FEWEST, TELEPHONE, DigitWords, counts, digit_runs
from .numbers import Number, Spotter
from .patterns import Filled, compiled, read_lists
from .shape import Shape

_GROUPED_FROM = 10_000
"""Smallest number whose thousands are set apart: people write 2024 and 9999 without."""

_ORDINALS_FROM = 10
_PASSES = 3
"""Times that a text is gone through: a year that was written may be what money or a unit belongs to."""


class Figures:
    """The rules of figures for one language."""

    def __init__(self, language: str, table: Mapping[str, Any], *, figures_from: int, off: Iterable[str]) -> None:
        self._off = frozenset(off)
        self._from = figures_from
        self._spotter = Spotter(language, table["numbers"])
        self._group: str = table["numbers"]["group"]
        self._careful = frozenset(table["numbers"].get("careful_ordinals", ()))
        self._careful_after = frozenset(table["numbers"].get("careful_after", ()))
        self._addresses = Addresses(table["addresses"])
        self._digits = DigitWords.read(table["digits"])
        rows = [row for row in table["patterns"] if row["rule"] not in self._off]
        self._patterns = compiled(rows, read_lists(table["lists"]))

    def write(self, draft: Draft) -> None:
        """Write the figures of a text."""
        for _ in range(_PASSES):
            text = draft.free
            edits = self._edits(Shape(text, self._spotter.pieces(text, words_of(text))))
            if all(text[edit.start : edit.end] == edit.after for edit in edits):
                return
            draft.apply(edits)

    def _edits(self, shape: Shape) -> list[Edit]:
        edits: list[Edit] = []

        def keep(found: Filled, rule: str) -> None:
            shape.take(found.first, found.last)
            edits.append(Edit(shape.pieces[found.first].start, shape.pieces[found.last - 1].end, found.after, rule))

        if "address" not in self._off:
            for found in self._addresses.find(shape):
                keep(found, "address")
        if "phone" not in self._off:
            for found in digit_runs(shape, self._digits, TELEPHONE.start):
                keep(found, "phone")
        for first, last in counts(shape, self._digits):
            shape.take(first, last)
        for pattern in self._patterns:
            for found in pattern.find(shape, self._grouped):
                keep(found, pattern.rule)
        if "phone" not in self._off:
            for found in digit_runs(shape, self._digits, FEWEST):
                keep(found, "phone")
        for index, piece in enumerate(shape.pieces):
            if isinstance(piece, Number) and piece.is_spelled and not shape.is_taken(index):
                rule = self._rule(shape, index, piece)
                if rule and rule not in self._off:
                    edits.append(Edit(piece.start, piece.end, self._grouped(piece), rule))
        return edits

    def _rule(self, shape: Shape, index: int, number: Number) -> str:
        """Return the rule by which a number that nothing else asked for is written in figures; nothing for none."""
        if number.is_scale:
            return ""
        if number.is_ordinal:
            return "ordinal" if number.value >= _ORDINALS_FROM and self._is_meant(shape, index, number) else ""
        if not float(number.value).is_integer() or not number.figures.isdigit():
            return "decimal" if " " not in number.figures else "number"
        if self._stands_by_figures(shape, index):
            return "number"
        return "number" if number.value >= self._from or (number.figures[0] == "0" and len(number.figures) > 1) else ""

    def _stands_by_figures(self, shape: Shape, index: int) -> bool:
        """Whether a number of more than one is beside another that is written in figures: 4 42."""
        number = shape.pieces[index]
        for other in (index - 1, index + 1):
            near = shape.pieces[other] if 0 <= other < len(shape.pieces) else None
            if isinstance(near, Number) and not near.is_ordinal and isinstance(number, Number):
                gap = shape.text[min(near.end, number.end) : max(near.start, number.start)]
                if gap == " " and near.is_spelled and near.value >= self._from and number.value > 1:
                    return True
        return False

    def _is_meant(self, shape: Shape, index: int, number: Number) -> bool:
        """Whether an ordinal is one: "the twenty second" is, "a twenty second delay" is none."""
        said = shape.text[number.start : number.end].lower().replace("-", " ").split()
        before = shape.pieces[index - 1] if index else None
        return said[-1] not in self._careful or (isinstance(before, Word) and before.key in self._careful_after)

    def _grouped(self, number: Number) -> str:
        if number.is_ordinal or not number.is_spelled or number.value < _GROUPED_FROM:
            return number.figures
        digits, rest = number.figures, ""
        for sign in (".", ",", " "):
            if sign in digits:
                place = digits.index(sign)
                digits, rest = digits[:place], digits[place:]
        if len(digits) < len(str(_GROUPED_FROM)) or not digits.isdigit():
            return number.figures
        return f"{int(digits):,}".replace(",", self._group) + rest
