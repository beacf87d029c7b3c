"""Kinds of settings: each checks values, reads them from text, and says in words what it expects."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .values import choice, flag, real, text, whole

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class Kind(Protocol):
    """A kind of value that a setting takes."""

    @property
    def expected(self) -> str:
        """Description of what a value has to be."""
        ...

    def check(self, name: str, value: object, expected: str) -> Any:
        """Return the plain value that is meant; OptionError if it is not `expected`."""
        ...

    def read(self, written: str) -> object:
        """Read a value, to be checked, from text; ValueError or OptionError if that cannot be."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    least: int
    most: int = sys.maxsize
    words: str = ""
    """Range in words, where the bounds alone do not tell."""

    @property
    def expected(self) -> str:
        """Range, in words."""
        return self.words or (f"{self.least} or more" if self.most == sys.maxsize else f"{self.least} to {self.most}")

    def check(self, name: str, value: object, expected: str) -> int:
        """Return a number in the range."""
        return whole(name, value, self.least, self.most, expected)

    def read(self, written: str) -> int:
        """Read digits."""
        return int(written)


@dataclass(frozen=True, slots=True)
class Real:
    """A number."""

    least: float
    most: float
    words: str
    """Range and meaning in words."""

    @property
    def expected(self) -> str:
        """Range, in words."""
        return self.words

    def check(self, name: str, value: object, expected: str) -> float:
        """Return a number in the range."""
        return real(name, value, self.least, self.most, expected)

    def read(self, written: str) -> float:
        """Read a decimal number."""
        return float(written)


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no; `other` is a word that is a third answer."""

    other: str | None = None

    @property
    def expected(self) -> str:
        """Answers, in words."""
        return "True or False" if self.other is None else f"True, False or {self.other!r}"

    def check(self, name: str, value: object, expected: str) -> bool | str:
        """Return one of the answers."""
        is_other = isinstance(value, str) and value == self.other
        return str(value) if is_other else flag(name, value, expected)

    def read(self, written: str) -> bool | str:
        """Read an answer as people and files write it."""
        word = written.strip().lower()
        if word in (*_TRUE, *_FALSE):
            return word in _TRUE
        if word != self.other:
            raise ValueError
        return word


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several words."""

    words: tuple[str, ...]

    @property
    def expected(self) -> str:
        """Words between which to choose."""
        return " or ".join(self.words)

    def check(self, name: str, value: object, expected: str) -> str:
        """Return one of the words."""
        return choice(name, value, self.words)

    def read(self, written: str) -> str:
        """Take a word without the blanks around it."""
        return written.strip()


@dataclass(frozen=True, slots=True)
class Text:
    """A text of at most `most` characters."""

    most: int

    @property
    def expected(self) -> str:
        """Length that the text may have, in words."""
        return f"a text of at most {self.most} characters"

    def check(self, name: str, value: object, expected: str) -> str:
        """Return a text that is whole."""
        return text(name, value, self.most)

    def read(self, written: str) -> str:
        """Take the text as it is."""
        return written


@dataclass(frozen=True, slots=True)
class Special:
    """A kind that a function of its own checks, such as a list."""

    expected: str
    """Description of the values, for people."""
    make: Callable[[Any], Any]
    """Function that returns the plain value that is meant, or raises OptionError."""
    reader: Callable[[str], object]
    """Function that reads text; it raises ValueError or OptionError."""

    def check(self, name: str, value: object, expected: str) -> Any:
        """Return what `make` makes of the value."""
        return self.make(value)

    def read(self, written: str) -> object:
        """Read the text."""
        return self.reader(written)
