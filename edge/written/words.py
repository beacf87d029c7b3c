"""The words of a text, and where they stand in it."""

from __future__ import annotations

import re
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+(?:['\u2019.,:/@&_-][^\W_]+)*")


class Word(NamedTuple):
    """A word, without the signs around it."""

    start: int
    end: int
    said: str
    """Text as it stands."""
    key: str
    """Text in small letters, by which tables know it."""


def words_of(text: str) -> list[Word]:
    """Find the words of a text; "twenty-five", "3.14" and "a@b.com" are one each."""
    return [Word(found.start(), found.end(), found[0], key_of(found[0])) for found in _WORD.finditer(text)]


def key_of(word: str) -> str:
    """Return the form of a word in tables."""
    return word.lower().replace("\u2019", "'")


def like(model: str, word: str) -> str:
    """Give a word the capitals of another: none, the first, or all."""
    if len(model) > 1 and model.isupper():
        return word.upper()
    return capital(word) if model[:1].isupper() else word


def capital(text: str) -> str:
    """Return the text with its first character as a capital, if that is a single one."""
    first = text[:1].upper()
    return first + text[1:] if len(first) == 1 else text
