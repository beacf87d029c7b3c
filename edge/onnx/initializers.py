"""Reads the numbers that an ONNX graph comes with, without onnxruntime."""

from __future__ import annotations

import math
import mmap
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..errors import FormatError
from .external import check_external
from .protobuf import fields, varint

_GRAPH_OF_MODEL, _INITIALIZER_OF_GRAPH = 7, 5
_DIMS, _TYPE, _NAME, _RAW = 1, 2, 8, 9
_FLOAT = 1


def read_initializers(path: Path) -> dict[str, FloatArray]:
    """Read the float32 tensors of a graph by name; those of other types, or stored in another way, are left out.

    Raises:
        FormatError: it is no graph, or reads other files, or a tensor has another size than it says.
    """
    check_external(path, None)
    found: dict[str, FloatArray] = {}
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for graph, graph_end in _inside(path, data, 0, len(data), _GRAPH_OF_MODEL):
            for start, end in _inside(path, data, graph, graph_end, _INITIALIZER_OF_GRAPH):
                _read(path, data, start, end, found)
    return found


def _inside(path: Path, data: mmap.mmap, start: int, end: int, wanted: int) -> list[tuple[int, int]]:
    """Find the messages of one field."""
    return [(at, to) for number, at, to in fields(path, data, start, end) if number == wanted and to >= 0]


def _read(path: Path, data: mmap.mmap, start: int, end: int, found: dict[str, FloatArray]) -> None:
    dims: list[int] = []
    kind, name, raw = 0, "", None
    for number, value, value_end in fields(path, data, start, end):
        if number == _DIMS and value_end < 0:
            dims.append(value)
        elif number == _DIMS:
            while value < value_end:
                size, value = varint(data, value)
                dims.append(size)
        elif number == _TYPE:
            kind = value
        elif number == _NAME and value_end >= 0:
            name = data[value:value_end].decode("utf-8", "replace")
        elif number == _RAW and value_end >= 0:
            raw = data[value:value_end]
    if kind != _FLOAT or raw is None:
        return
    if len(raw) != 4 * math.prod(dims):
        raise FormatError(f"{path}: tensor {name!r:.80} has {len(raw)} bytes; {dims} floats have {4 * math.prod(dims)}")
    found[name] = np.frombuffer(raw, "<f4").reshape(dims).astype(np.float32)
