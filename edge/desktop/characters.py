"""Characters as programs take them: which may be typed, and which Backspace deletes one by one."""

from __future__ import annotations

import unicodedata

_JOINERS = frozenset({0x200C, 0x200D, *range(0xFE00, 0xFE10), *range(0x1F1E6, 0x1F200), *range(0x1F3FB, 0x1F400)})
"""Joiners, choosers of a form, halves of flags and colors of skin, which make one of several."""


def typeable(text: str) -> str:
    """Return a text without what a program would obey rather than show: all control characters but lines and tabs."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(mark for mark in lines if mark in "\n\t" or unicodedata.category(mark) not in ("Cc", "Cs"))


def is_deleted_one_by_one(text: str) -> bool:
    """Whether each press of Backspace deletes one character of the text, in every program."""
    return not any(ord(mark) in _JOINERS or unicodedata.category(mark).startswith("M") for mark in text)


def why_not_one_by_one(text: str) -> str:
    """Return why Backspace cannot delete exactly this text; empty where it can."""
    return "" if is_deleted_one_by_one(text) else "some of its characters are made of several"
