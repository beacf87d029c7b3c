"""Reads Protocol Buffers as ONNX graphs store them: a message is a sequence of fields.

A field is a number, a kind and a value, which may be a message again.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from ..errors import FormatError


def fields(path: Path, data: mmap.mmap, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the number of each field, and where its value begins and ends; of a number the value itself, and -1."""
    while at < end:
        tag, at = varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = varint(data, at)
            yield number, value, -1
        elif wire == 2:
            length, start = varint(data, at)
            at = start + length
            if at <= end:
                yield number, start, at
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise FormatError(f"{path}: not a sound ONNX graph: byte {at} begins a field of an unknown kind")
    if at != end:
        raise FormatError(f"{path}: not a sound ONNX graph: a field ends at byte {at}, what it is part of at {end}")


def varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; return it and where it ends."""
    byte = data[at]
    value, shift = byte & 0x7F, 7
    while byte & 0x80:
        at += 1
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        if shift > 70:
            return value, len(data) + 1  # longer than any number: what follows ends beyond the file
    return value, at + 1
