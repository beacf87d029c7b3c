"""safetensors files: u64 length of a JSON header, the header, then the tensors' bytes without holes.

Read here rather than by the library of that name: the format is this small, and the bounds are then ours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import FormatError, UnsupportedModelError

from ..tools.files import Cursor, parse_json_object

MAX_HEADER_BYTES = 16 << 20
MAX_RANK = 8

# bfloat16 is read as its bits.
_TYPES: Mapping[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
}


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """Read every tensor of a file, float32 or float16 as views of the mapped file, bfloat16 widened to float32."""
    return {name: widen(stored) for name, stored in map_safetensors(path).items()}


def widen(stored: NDArray[Any]) -> NDArray[Any]:
    """Turn a tensor of `map_safetensors` into numbers: bfloat16 into the float32 that it is the upper half of."""
    return (stored.astype(np.uint32) << 16).view(np.float32) if stored.dtype == _TYPES["BF16"] else stored


def map_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """Map a file, and give views of its tensors: float32, float16, or uint16 with the bits of bfloat16."""
    cursor = Cursor(path)
    length = cursor.integer("Q", "header length")
    header = parse_json_object(path, cursor.text(length, MAX_HEADER_BYTES, "header"))
    header.pop("__metadata__", None)
    entries = sorted((_entry(path, name, entry) for name, entry in header.items()), key=lambda entry: entry[0])
    tensors = {}
    data_start = cursor.position
    for start, end, name, type_name, shape in entries:
        if start != cursor.position - data_start:
            raise FormatError(f"{path}: tensor {name} begins at {start}, expected {cursor.position - data_start}")
        kind = _TYPES[type_name]
        if end - start != math.prod(shape) * kind.itemsize:
            raise FormatError(f"{path}: tensor {name} has {end - start} bytes, its shape {shape} needs another number")
        tensors[name] = cursor.array(kind, shape, name)
    cursor.end()
    return tensors


def _entry(path: Path, name: str, entry: Any) -> tuple[int, int, str, str, tuple[int, ...]]:
    if not name.isprintable():
        raise FormatError(f"{path}: a tensor is called {name!r:.80}, which no model does")
    if not isinstance(entry, dict):
        raise FormatError(f"{path}: tensor {name}: expected an object in the header")
    type_name = entry.get("dtype")
    if not isinstance(type_name, str) or type_name not in _TYPES:
        raise UnsupportedModelError(f"{path}: tensor {name} has type {type_name!r:.80}; read are {', '.join(_TYPES)}")
    shape = _sizes(path, name, "shape", entry.get("shape"))
    offsets = _sizes(path, name, "data_offsets", entry.get("data_offsets"))
    if len(shape) > MAX_RANK:
        raise FormatError(f"{path}: tensor {name} has {len(shape)} dimensions; at most {MAX_RANK} are accepted")
    if len(offsets) != 2 or offsets[0] > offsets[1]:
        raise FormatError(f"{path}: tensor {name} has offsets {offsets}, expected a begin and an end")
    return offsets[0], offsets[1], name, type_name, shape


def _sizes(path: Path, name: str, what: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(size) is int and 0 <= size < 1 << 62 for size in value):
        raise FormatError(f"{path}: tensor {name}: {what} is {value!r:.80}, expected a list of sizes")
    return tuple(value)
