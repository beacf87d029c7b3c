"""The numbers of a text, said in words or written already."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ...errors import EdgeError
from ..words import Word

_OPENERS = " \t\n([\"'“\u2018«„¿¡,;:\u2013—"
_GLUED = ("%", "$", "€", "£", "°", "/", "²")
_SEPARATORS = str.maketrans("", "", ".,")


@dataclass(frozen=True, slots=True)
class Number:
    """A number that stands in the text."""

    start: int
    end: int
    figures: str
    """Text in figures, not grouped, such as 12000, 3.14, 21st or 2 million."""
    value: float
    is_ordinal: bool = False
    is_spelled: bool = False
    """Whether words say it."""
    is_scale: bool = False
    """Whether it is a word alone that also means many, such as "hundred"."""


Piece: TypeAlias = Word | Number


class _Token:
    """A word, as text2num asks for it."""

    __slots__ = ("_is_apart", "_is_no_number", "_text")

    def __init__(self, text: str, is_apart: bool, is_no_number: bool) -> None:
        self._text, self._is_apart, self._is_no_number = text, is_apart, is_no_number

    def text(self) -> str:
        """Return the word."""
        return self._text

    def nt_separated(self, previous: object) -> bool:
        """Whether more than a blank is between this word and the one before."""
        return self._is_apart

    def not_a_number_part(self) -> bool:
        """Whether it is but a word, whatever it looks like."""
        return self._is_no_number


class Spotter:
    """The finder of numbers."""

    def __init__(self, language: str, table: Mapping[str, Any]) -> None:
        self._language = language
        self._large: Mapping[str, float] = table.get("large", {})
        self._never = frozenset((*table.get("never", ()), *self._large))
        self._scales = frozenset(table.get("scales", ()))
        self._articles = frozenset(table.get("articles", ()))
        self._aliases: Mapping[str, str] = table.get("aliases", {})
        self._joiners = frozenset(table.get("joiners", ()))
        self._decimal: str = table["decimal"]
        group = "," if self._decimal == "." else r"\."
        self._digits = re.compile(rf"(?:\d{{1,3}}(?:{group}\d{{3}})+|\d+)(?:{re.escape(self._decimal)}\d+)?")
        self._ordinal = re.compile(table.get("ordinal", "(?!)"))
        self._endings: Mapping[str, str] = table.get("ordinal_endings", {})
        self._find = _finder()

    def pieces(self, text: str, words: list[Word]) -> list[Piece]:
        """Return the words of a text, with one number in place of those that say it."""
        tokens = [
            _Token(
                self._aliases.get(word.key, word.key),
                index > 0 and text[words[index - 1].end : word.start] != " ",
                self._is_no_number(word),
            )
            for index, word in enumerate(words)
        ]
        found: list[Piece] = []
        position = 0
        for number in self._find(tokens, self._language, 0):
            first = number.start - self._has_article(text, words, position, number.start)
            chosen = words[first : number.end]
            found += [self._written(text, word) for word in words[position:first]]
            is_scale = number.end - number.start == 1 and words[number.start].key in self._scales
            if is_scale and self._articles and first == number.start:
                found += chosen  # "several hundred" is no number
            else:
                figures = self._with_ending(number.text) if number.is_ordinal else number.text
                place = chosen[0].start, chosen[-1].end
                found.append(Number(*place, figures, number.value, number.is_ordinal, True, is_scale))
            position = number.end
        found += [self._written(text, word) for word in words[position:]]
        return self._without_halves(text, self._with_large(text, found))

    def _has_article(self, text: str, words: list[Word], position: int, first: int) -> bool:
        """Whether a number such as "hundred" begins with the "a" in front of it."""
        if first <= position or words[first].key not in self._scales:
            return False
        return words[first - 1].key in self._articles and text[words[first - 1].end : words[first].start] == " "

    def _without_halves(self, text: str, pieces: list[Piece]) -> list[Piece]:
        """Make words again of numbers whose end stands for both: "two or three hundred"."""
        found = list(pieces)
        for index in range(2, len(pieces)):
            first, joint, second = pieces[index - 2 : index + 1]
            if not isinstance(first, Number) or not isinstance(second, Number) or not isinstance(joint, Word):
                continue
            is_near = text[first.end : second.start] == f" {joint.said} "
            if is_near and joint.key in self._joiners and _is_half(first, second):
                found[index - 2], found[index] = _word(text, first), _word(text, second)
        return found

    def _is_no_number(self, word: Word) -> bool:
        return word.key in self._never or word.key[0].isdigit()

    def _with_ending(self, figures: str) -> str:
        for theirs, ours in self._endings.items():
            if figures.endswith(theirs):
                return figures.removesuffix(theirs) + ours
        return figures

    def _written(self, text: str, word: Word) -> Piece:
        """Return the number that a word in figures is, or else the word."""
        is_free = text[word.start - 1 : word.start] in _OPENERS if word.start else True
        if not word.said[0].isdigit() or not is_free or text[word.end :].lstrip().startswith(_GLUED):
            return word
        if self._digits.fullmatch(word.said):
            whole, _, rest = word.said.partition(self._decimal)
            value = float(f"{whole.translate(_SEPARATORS)}.{rest or 0}")
            return Number(word.start, word.end, word.said, value)
        ordinal = self._ordinal.fullmatch(word.said)
        return Number(word.start, word.end, word.said, float(ordinal[1]), True) if ordinal else word

    def _with_large(self, text: str, pieces: list[Piece]) -> list[Piece]:
        """Join numbers with the millions behind them: 2 million, 1200000."""
        found: list[Piece] = []
        for piece in pieces:
            last = found[-1] if found else None
            if isinstance(last, Number) and text[last.end : piece.start] == " ":
                joined = self._joined(last, piece)
                if joined is not None:
                    found[-1] = joined
                    continue
            found.append(piece)
        return found

    def _joined(self, last: Number, piece: Piece) -> Number | None:
        is_large = " " in last.figures
        if isinstance(piece, Word):
            unit = self._large.get(piece.key)
            if unit is None or is_large or last.is_ordinal or last.is_scale:
                return None
            return replace(last, end=piece.end, figures=f"{last.figures} {piece.said}", value=last.value * unit)
        is_rest = is_large and piece.is_spelled and not piece.is_ordinal and 0 < piece.value < 1e6 <= last.value
        if not is_rest or last.value % 1e6 or not float(piece.value).is_integer():
            return None
        value = last.value + piece.value
        return replace(last, end=piece.end, figures=f"{value:.0f}", value=value)


def _is_half(first: Number, second: Number) -> bool:
    is_round = second.value >= 100 and second.value % 100 == 0
    return first.is_spelled and second.is_spelled and not second.is_ordinal and first.value < 100 and is_round


def _word(text: str, number: Number) -> Word:
    said = text[number.start : number.end]
    return Word(number.start, number.end, said, said.lower().replace(" ", "_"))


def _finder() -> Callable[[list[_Token], str, float], Any]:
    try:
        from text_to_num import find_numbers
    except ImportError:
        raise EdgeError(
            'figures need the library text2num: pip install "edgewise[written]", or switch the rule "figures" off'
        ) from None
    finder: Callable[[list[_Token], str, float], Any] = find_numbers
    return finder
