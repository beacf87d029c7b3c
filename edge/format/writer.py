"""Writing GGUF: the same input gives the same bytes, and a file is whole or absent."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .gguf import VALUE_DTYPES, MetadataValue, TensorType, ValueType

ALIGNMENT = 32
VERSION = 3

_SCALARS: Mapping[type, tuple[ValueType, str]] = {
    bool: (ValueType.BOOL, "<?"),
    int: (ValueType.UINT32, "<I"),
    float: (ValueType.FLOAT32, "<f"),
}


@dataclass(frozen=True, slots=True)
class TensorToWrite:
    """A tensor on its way into a file."""

    name: str
    type: TensorType
    shape: tuple[int, ...]
    """In numpy's order, counted in elements."""
    data: NDArray[Any]
    """The numbers, or for block types the bytes; C order is made."""


def write_gguf(path: str | Path, metadata: Mapping[str, MetadataValue], tensors: Iterable[TensorToWrite]) -> None:
    """Write a GGUF file under a temporary name, flush it to disk, then give it its name.

    Python ints become uint32, floats float32; arrays keep numpy's type. Metadata and tensors keep their order.

    Raises:
        OSError: the disk is full or the folder cannot be written to; nothing is left behind.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            _write(file, metadata, list(tensors))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _write(file: BinaryIO, metadata: Mapping[str, MetadataValue], tensors: list[TensorToWrite]) -> None:
    file.write(struct.pack("<4sIQQ", b"GGUF", VERSION, len(tensors), len(metadata)))
    for key, value in metadata.items():
        file.write(_string(key) + _value(key, value))
    offset = 0
    for tensor in tensors:
        shape = tuple(reversed(tensor.shape))
        file.write(_string(tensor.name))
        file.write(struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, tensor.type, offset))
        offset += _padded(tensor.data.nbytes)
    file.write(bytes(-file.tell() % ALIGNMENT))
    for tensor in tensors:
        file.write(np.ascontiguousarray(tensor.data).data)
        file.write(bytes(-tensor.data.nbytes % ALIGNMENT))


def _value(key: str, value: MetadataValue) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", ValueType.STRING) + _string(value)
    if isinstance(value, list):
        header = struct.pack("<IIQ", ValueType.ARRAY, ValueType.STRING, len(value))
        return header + b"".join(map(_string, value))
    if isinstance(value, np.ndarray):
        element_type = _element_type(key, value.dtype)
        return struct.pack("<IIQ", ValueType.ARRAY, element_type, value.size) + value.tobytes()
    type_, layout = _SCALARS[type(value)]
    return struct.pack("<I", type_) + struct.pack(layout, value)


def _element_type(key: str, dtype: np.dtype[Any]) -> ValueType:
    for type_, name in VALUE_DTYPES.items():
        if np.dtype(name) == dtype:
            return type_
    raise TypeError(f"{key}: GGUF has no arrays of {dtype}")


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _padded(n_bytes: int) -> int:
    return n_bytes + -n_bytes % ALIGNMENT
