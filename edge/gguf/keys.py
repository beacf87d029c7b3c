"""Reads metadata values, and checks the type, range or length that the caller relies on."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from ..errors import FormatError
from .file import GgufFile

Value = TypeVar("Value", str, bool, int)

_MOST_TEXT = 256
"""Characters of the longest value that is a name or a word."""


def read(file: GgufFile, key: str, kind: type[Value]) -> Value:
    """Return the value of a key that has to be there.

    Raises:
        FormatError: it is missing or of another type, or a text that is long or holds control characters.
    """
    if key not in file.metadata:
        raise FormatError(f"{file.path}: the key {key} is missing")
    if file.metadata.is_array(key):
        raise FormatError(f"{file.path}: {key}: expected {kind.__name__}, found an array")
    value = file.metadata[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise FormatError(f"{file.path}: {key}: expected {kind.__name__}, found {shorten(value)}")
    if isinstance(value, str) and not (len(value) <= _MOST_TEXT and value.isprintable()):
        raise FormatError(f"{file.path}: {key}: expected a short line of text, found {shorten(value)}")
    return value


def read_optional(file: GgufFile, key: str, kind: type[Value], default: Value) -> Value:
    """Return the value of a key that may be missing."""
    return read(file, key, kind) if key in file.metadata else default


def read_integers(file: GgufFile, key: str, most: int) -> tuple[int, ...]:
    """Return an array of at most `most` integers.

    Raises:
        FormatError: the value is not such an array, or is longer.
    """
    count = file.metadata.count(key)
    if count > most:  # before it is read
        raise FormatError(f"{file.path}: {key}: expected at most {most} integers, found {count}")
    values = None if file.metadata.holds_strings(key) else file.metadata[key]
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iu":
        raise FormatError(f"{file.path}: {key}: expected an array of integers")
    return tuple(values.tolist())


def shorten(value: object) -> str:
    """Write a value for a message: short, and without anything that a terminal obeys."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
