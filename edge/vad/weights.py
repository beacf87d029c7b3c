"""The float32 tensors of an ONNX file: as much of protocol buffers as that takes.

An ONNX model is a `ModelProto`; field 7 is its graph, whose fields 5 are the initializers, `TensorProto`s with
dims (1), data_type (2), name (8) and raw_data (9). See onnx.proto and the encoding page of protobuf.dev.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FLOAT = 1
_MOST_BYTES = 1 << 26


def read_initializers(path: Path) -> dict[str, NDArray[np.float32]]:
    """Every float32 initializer of the file's graph, by name.

    Raises:
        FormatError: the file is no ONNX model, or is damaged.
    """
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise FormatError(f"{path}: {size} bytes; expected a small ONNX model, at most {_MOST_BYTES}")
    data = memoryview(path.read_bytes())
    try:
        return {
            name: values
            for graph in _messages(data, 7)
            for initializer in _messages(graph, 5)
            for name, values in _tensor(initializer)
        }
    except (ValueError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: expected an ONNX model, found damaged data: {error}") from error


def _tensor(message: memoryview) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """(name, values) of one initializer if it holds float32."""
    name, raw, data_type = "", memoryview(b""), 0
    dims: list[int] = []
    for number, value in _fields(message):
        if number == 1:
            dims += [value] if isinstance(value, int) else _varints(value)
        elif number == 2 and isinstance(value, int):
            data_type = value
        elif number == 8 and isinstance(value, memoryview):
            name = str(value, "utf-8")
        elif number == 9 and isinstance(value, memoryview):
            raw = value
    if data_type != _FLOAT:
        return
    if 4 * math.prod(dims) != len(raw):
        raise ValueError(f"{name!r} has the shape {dims} and {len(raw)} bytes")
    yield name, np.frombuffer(raw, "<f4").astype(np.float32).reshape(dims)


def _messages(message: memoryview, number: int) -> Iterator[memoryview]:
    """The fields of a message that have this number and are messages themselves."""
    for found, value in _fields(message):
        if found == number and isinstance(value, memoryview):
            yield value


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of each field: an integer, or the bytes of anything longer."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            length, at = _varint(message, at)
        elif kind in (_FIXED32, _FIXED64):
            length = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"field type {kind} at byte {at}")
        if length > len(message) - at:
            raise ValueError(f"a field of {length} bytes where {len(message) - at} are left")
        yield key >> 3, message[at : at + length]
        at += length


def _varints(packed: memoryview) -> list[int]:
    values, at = [], 0
    while at < len(packed):
        value, at = _varint(packed, at)
        values.append(value)
    return values


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """An integer of seven bits a byte, and where the next field begins."""
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError(f"no end of an integer at byte {at}")
