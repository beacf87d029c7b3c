"""Runs of single digits: telephone numbers, codes, "double seven"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..words import Word
from .numbers import Number, Piece
from .patterns import Filled
from .shape import Shape

FEWEST = 3
TELEPHONE = range(7, 16)
"""Numbers of digits that a telephone number has."""

_BEFORE = 4
"""Words in front of a run that may say what it is."""


@dataclass(frozen=True, slots=True)
class DigitWords:
    """Words that are about digits, in one language."""

    zeros: frozenset[str]
    repeats: Mapping[str, int]
    plus: frozenset[str]
    cues: frozenset[str]
    """Words that announce a number to call or a code."""
    groups: Mapping[str, Sequence[int]]
    """Digits of each group, by how many there are."""

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> DigitWords:
        """Read the section of a table."""
        return cls(
            frozenset(table.get("zeros", ())),
            dict(table.get("repeats", {})),
            frozenset(table.get("plus", ())),
            frozenset(table.get("cues", ())),
            dict(table.get("groups", {})),
        )


def digit_runs(shape: Shape, words: DigitWords, fewest: int) -> Iterator[Filled]:
    """Yield the runs of `fewest` digits or more that are one number."""
    index = 0
    while index < len(shape.pieces):
        last, parts = _run(shape, words, index)
        digits = "".join(parts)
        if len(digits) >= fewest and _is_one(shape, words, index, last, parts):
            has_plus = index > 0 and _key(shape.pieces[index - 1]) in words.plus and len(digits) in TELEPHONE
            written = digits if has_plus else _grouped(digits, words)
            yield Filled(index - has_plus, last, "+" * has_plus + written)
        index = max(last, index + 1)


def counts(shape: Shape, words: DigitWords) -> Iterator[tuple[int, int]]:
    """Yield where somebody counts, three numbers or more, which stays as it is said: "eight, nine, ten"."""
    first = 0
    while first < len(shape.pieces):
        values: list[int] = []
        last = first
        while last < len(shape.pieces) and (value := _counted(shape, first, last)) is not None:
            step = value - values[-1] if values else 0
            if values and (abs(step) != 1 or (len(values) > 1 and step != values[1] - values[0])):
                break
            values.append(value)
            last += 1
        if len(values) >= FEWEST and not _is_announced(shape, words, first):
            yield first, last
            first = last
        else:
            first += 1


def _counted(shape: Shape, first: int, index: int) -> int | None:
    piece = shape.pieces[index]
    if not isinstance(piece, Number) or not piece.is_spelled or piece.is_ordinal or shape.is_taken(index):
        return None
    gap = shape.text[shape.pieces[index - 1].end : piece.start] if index > first else " "
    return int(piece.value) if gap in {" ", ", "} and piece.figures.isdigit() else None


def _run(shape: Shape, words: DigitWords, first: int) -> tuple[int, list[str]]:
    """Return the piece behind the run that begins at a piece, and the digits of each part."""
    parts: list[str] = []
    index, times = first, 1
    while index < len(shape.pieces) and not shape.is_taken(index):
        piece = shape.pieces[index]
        is_next = index == first or shape.text[shape.pieces[index - 1].end : piece.start] == " "
        digits = _digits(piece, words)
        if not is_next:
            break
        if digits is not None:
            parts.append(digits * times)
            index, times = index + 1, 1
        elif times == 1 and _key(piece) in words.repeats and index + 1 < len(shape.pieces):
            if _digits(shape.pieces[index + 1], words) is None:
                break
            times, index = words.repeats[_key(piece)], index + 1
        else:
            break
    return (index, parts) if parts else (first, [])


def _digits(piece: Piece, words: DigitWords) -> str | None:
    if isinstance(piece, Word):
        return "0" if piece.key in words.zeros else None
    is_plain = not piece.is_ordinal and not piece.is_scale and piece.figures.isdigit()
    return piece.figures if is_plain else None


def _key(piece: Piece) -> str:
    return piece.key if isinstance(piece, Word) else ""


def _is_one(shape: Shape, words: DigitWords, first: int, last: int, parts: list[str]) -> bool:
    digits = "".join(parts)
    pieces = shape.pieces[first:last]
    if not any(isinstance(piece, Number) for piece in pieces):
        return False
    if not any(isinstance(piece, Word) or piece.is_spelled for piece in pieces):
        return len(parts) >= TELEPHONE.start and all(len(part) == 1 for part in parts)
    is_announced = _is_announced(shape, words, first)
    if len(digits) in TELEPHONE and len(parts) > 2 and (digits[0] == "0" or is_announced):
        return True
    is_of_digits = all(
        len(piece.figures) == 1 or piece.figures[0] == "0" for piece in pieces if isinstance(piece, Number)
    )
    return len(parts) > 1 and is_of_digits and (is_announced or not _is_counting(parts))


def _is_announced(shape: Shape, words: DigitWords, first: int) -> bool:
    """Whether words in front of a run say what it is."""
    before = {_key(piece) for piece in shape.pieces[max(0, first - _BEFORE) : first]}
    return bool(before & (words.cues | words.plus))


def _is_counting(parts: list[str]) -> bool:
    """Whether somebody counts: one two three, or three two one."""
    values = [int(part) for part in parts]
    steps = {right - left for left, right in pairwise(values)}
    return steps in ({1}, {-1})


def _grouped(digits: str, words: DigitWords) -> str:
    groups = words.groups.get("0" * digits.startswith("0") + str(len(digits)), ())
    if not groups:
        return digits
    sign, written, place = words.groups.get("sign", " "), [], 0
    for size in groups:
        written.append(digits[place : place + size])
        place += size
    return str(sign).join(written)
