"""Patterns of the tables: each sign of their language."""

from __future__ import annotations

import pytest

from edge.written.figures.numbers import Number, Piece
from edge.written.figures.patterns import compiled, read_lists
from edge.written.figures.shape import Shape
from edge.written.words import words_of

LISTS = read_lists({"months": ["January", "^May"], "coins": ["dollars=$"]})


def shape_of(text: str) -> Shape:
    """A number in figures counts as one that is said; 3rd as an ordinal."""
    pieces: list[Piece] = []
    for word in words_of(text):
        digits = word.said.removesuffix("rd")
        if digits.isdigit():
            pieces.append(Number(word.start, word.end, word.said, float(digits), word.said != digits, True))
        else:
            pieces.append(word)
    return Shape(text, pieces)


def fill(say: str, write: str, text: str) -> list[str]:
    (pattern,) = compiled([{"rule": "date", "say": say, "write": write}], LISTS)
    shape = shape_of(text)
    found = list(pattern.find(shape, lambda number: number.figures))
    return [text[: shape.pieces[one.first].start] + one.after + text[shape.pieces[one.last - 1].end :] for one in found]


@pytest.mark.parametrize(
    ("say", "write", "text", "expected"),
    [
        ("half past {h:1-12}", "{h}:30", "at half past 7 now", ["at 7:30 now"]),
        ("half past {h:1-12}", "{h}:30", "half past 13", []),
        ("half past {h:1-12}", "{h}:30", "half, past 7", []),
        ("to {h:1-12}", "{h-1}:45", "to 1", ["12:45"]),
        ("to {h:1-12}", "{h-1}:45", "to 2", ["1:45"]),
        ("{h:1-12} {m:0-59}", "{h}:{m:02}", "7 5", ["7:05"]),
        ("<at|by> {h:1-12} <sharp>", "{h}!", "by 7 sharp", ["by 7! sharp"]),
        ("<at|by> {h:1-12}", "{h}!", "7", []),
        ("[a] {n} percent", "{n}%", "a 5 percent rise", ["5% rise"]),
        ("[a] {n} percent", "{n}%", "only 5 percent", ["only 5%"]),
        ("{m:months} {d:1-31} , {y:1000-2100}", "{d} {m} {y}", "january 3, 1999", ["3 January 1999"]),
        ("{m:months} {d:1-31} , {y:1000-2100}", "{d} {m} {y}", "January 3 1999", ["3 January 1999"]),
        ("{m:months} {d:1-31}", "{m} {d}", "you may 5", []),
        ("{m:months} {d:1-31}", "{m}.{d}", "in May 5", ["in May.5"]),
        ("{m:months} {d:1st-31st}", "{m} {d:plain}", "January 3rd", ["January 3"]),
        ("{m:months} {d:1st-31st}", "{m} {d:plain}", "January 3", []),
        ("{n} {c:coins}", "{c}{n}", "5 dollars", ["$5"]),
        ("{n} $", "{n}!", "5, 6 seven 7.", ["5!, 6 seven 7.", "5, 6 seven 7!."]),
        ("{n:1-39}", "{n:roman}", "14", ["XIV"]),
        ("{n:1-39}", "{n:roman}", "39", ["XXXIX"]),
    ],
)
def test_a_pattern_finds_what_it_says(say: str, write: str, text: str, expected: list[str]) -> None:
    assert fill(say, write, text) == expected


def test_what_is_taken_is_not_found_again() -> None:
    shape = shape_of("5 dollars and 6 dollars")
    shape.take(0, 2)
    (pattern,) = compiled([{"rule": "money", "say": "{n} dollars", "write": "${n}"}], LISTS)
    assert [one.after for one in pattern.find(shape, lambda number: number.figures)] == ["$6"]
    assert shape.is_taken(1)
    assert not shape.is_taken(3)
