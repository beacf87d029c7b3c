"""Tells how Whisper may write a listed word: capitals, hyphens, figures for numbers, signs for units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

MOST_NUMBERS = 10_000
"""Numbers of a range, at most."""

_SPELLED = 100
"""Largest number that a sentence may spell in words."""
_DAYS = 31
"""Largest ordinal number that a sentence may spell in words."""
_SHOUTED = 3
"""Letters of the longest word that is taken for an abbreviation as well."""
_SIGNS = {"percent": "%", "per cent": "%", "degrees": "°", "prozent": "%", "grad": "°"}
"""Words that are written as a sign behind a number."""
_FIGURES = re.compile(r"(\d+)((?:[.,]\d+)?)(%?)")
_LETTERS = re.compile(r"[\W_]+")


class Speller:
    """A speller of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._spelled = _spelled_numbers(language)
        self._forms: dict[str, tuple[str, ...]] = {}

    def words(self, text: str) -> list[str]:
        """Divide a text into words; a number of two words is one of them: "twenty five"."""
        parts = text.split()
        found: list[str] = []
        at = 0
        while at < len(parts):
            pair = " ".join(parts[at : at + 2])
            width = 2 if at + 1 < len(parts) and pair.casefold() in self._spelled else 1
            found.append(" ".join(parts[at : at + width]))
            at += width
        return found

    def forms(self, word: str) -> tuple[str, ...]:
        """List what may be written for a word, each with the blank in front of it; a sign for a unit has none."""
        if word not in self._forms:
            self._forms[word] = self._all_forms(word)
        return self._forms[word]

    def _all_forms(self, word: str) -> tuple[str, ...]:
        found = dict.fromkeys(self._cased(word))
        figures = self._spelled.get(word.casefold().replace("-", " "))
        if figures is not None:
            found |= dict.fromkeys([figures])
        number = _FIGURES.fullmatch(word)
        if number is not None:
            found |= dict.fromkeys(
                form for text in _in_words(number[1], number[2], number[3], self.language) for form in _cases(text)
            )
        sign = _SIGNS.get(word.casefold())
        return (*(f" {form}" for form in found), *([sign] if sign else []))

    def _cased(self, word: str) -> Iterator[str]:
        yield from _cases(word)
        if "-" in word or "_" in word:
            parts = re.split("[-_]", word)
            yield from _cases(" ".join(parts))
            yield from _cases("".join(parts))
            yield "-".join(part[:1].upper() + part[1:] for part in parts)
        if " " in word:
            yield from _cases(word.replace(" ", "-"))
        if word.isalpha() and len(word) <= _SHOUTED:
            yield word.upper()


def bare(text: str) -> str:
    """Reduce a text to its letters and figures, in which all ways to write it agree but for numbers."""
    return _LETTERS.sub("", text.replace("%", "percent").replace("°", "degrees")).casefold()


def _cases(word: str) -> Iterable[str]:
    lower = word.lower()
    return (word, lower, lower[:1].upper() + lower[1:])


def _in_words(whole: str, fraction: str, percent: str, language: str) -> Iterator[str]:
    """List a number in words, and as a year."""
    unit = " percent" if percent else ""
    if unit:
        yield f"{whole}{fraction}{unit}"
    if fraction:
        yield f"{whole}{fraction.replace(',', '.')}{unit}"
        return
    for text in _names(int(whole), language):
        yield from (f"{text}{unit}", f"{text.replace('-', ' ')}{unit}")


@cache
def _names(number: int, language: str) -> tuple[str, ...]:
    from hassil.numbers import get_rbnf_engine

    try:
        engine = get_rbnf_engine(language)
    except ValueError:  # a language whose numbers are not known is read in figures alone
        return ()
    names = {*engine.format_number(number).text_by_ruleset.values()}
    if 1000 <= number < 2100:
        from unicode_rbnf import FormatPurpose

        names |= {*engine.format_number(number, purpose=FormatPurpose.YEAR).text_by_ruleset.values()}
    return tuple(sorted(names))


@cache
def _spelled_numbers(language: str) -> dict[str, str]:
    """Map numbers in words to what stands for them in figures."""
    found: dict[str, str] = {}
    for number in range(_SPELLED + 1):
        for name in _names(number, language):
            found[name.replace("-", " ")] = str(number)
    if language.partition("-")[0] == "en":
        found |= {name.replace("-", " "): f"{day}{_ending(day)}" for day, name in _ordinals(language)}
    return found


def _ordinals(language: str) -> Iterator[tuple[int, str]]:
    from hassil.numbers import get_rbnf_engine
    from unicode_rbnf import FormatPurpose

    engine = get_rbnf_engine(language)
    for day in range(1, _DAYS + 1):
        yield day, engine.format_number(day, purpose=FormatPurpose.ORDINAL).text


def _ending(day: int) -> str:
    """Give the letters behind an English ordinal number in figures."""
    if day in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
