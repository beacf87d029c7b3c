"""Writes GGUF: the same input gives the same bytes, and a file is whole or absent."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..files import replacing_file
from .file import MetadataValue, StoredTensor
from .types import BLOCKS, MAX_DIMS, VALUE_DTYPES, ValueType

ALIGNMENT = 32
VERSION = 3

_SCALARS: Mapping[type, tuple[ValueType, str]] = {
    bool: (ValueType.BOOL, "<?"),
    int: (ValueType.UINT32, "<I"),
    float: (ValueType.FLOAT32, "<f"),
}


def write_gguf(path: str | Path, metadata: Mapping[str, MetadataValue], tensors: Iterable[StoredTensor]) -> None:
    """Write a GGUF file under a temporary name, flush it to disk, then give it its name.

    Python ints become uint32, floats float32; arrays keep numpy's type. Metadata and tensors keep their order. A tensor
    whose data are read when they are asked for is read once, when its turn comes.

    Raises:
        ValueError: the format cannot hold a value, name or tensor; the message names it.
        OSError: the disk is full or the folder cannot be written to; nothing is left behind.
    """
    path = Path(path)
    to_write = list(tensors)
    _check(metadata, to_write)
    with replacing_file(path) as file:
        _write(file, metadata, to_write)


def _check(metadata: Mapping[str, MetadataValue], tensors: list[StoredTensor]) -> None:
    """Refuse what `open_gguf` would refuse, here, where the mistake is."""
    if metadata.get("general.alignment", ALIGNMENT) != ALIGNMENT:
        raise ValueError(f"general.alignment: tensors are written at multiples of {ALIGNMENT}")
    names: set[str] = set()
    for tensor in tensors:
        if tensor.name in names:
            raise ValueError(f"{tensor.name}: a tensor of this name is already in the file")
        names.add(tensor.name)
        if not tensor.name or len(tensor.shape) > MAX_DIMS or 0 in tensor.shape:
            raise ValueError(
                f"{tensor.name}: expected a name and at most {MAX_DIMS} dimensions of at least 1, found {tensor.shape}"
            )
        row, block = (tensor.shape or (1,))[-1], BLOCKS[tensor.type][0]
        if row % block:
            raise ValueError(
                f"{tensor.name}: rows of {row} are no blocks of {block}, which {tensor.type.name} is made of"
            )


def _write(file: BinaryIO, metadata: Mapping[str, MetadataValue], tensors: list[StoredTensor]) -> None:
    file.write(struct.pack("<4sIQQ", b"GGUF", VERSION, len(tensors), len(metadata)))
    for key, value in metadata.items():
        file.write(_string(key) + _value(key, value))
    offset = 0
    for tensor in tensors:
        shape = tuple(reversed(tensor.shape))
        file.write(_string(tensor.name))
        file.write(struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, tensor.type, offset))
        offset += _padded(tensor.n_bytes)
    file.write(bytes(-file.tell() % ALIGNMENT))
    for tensor in tensors:
        data = np.ascontiguousarray(tensor.data)
        if data.nbytes != tensor.n_bytes:
            raise ValueError(
                f"{tensor.name}: {data.nbytes} bytes are not a {tensor.type.name} tensor of shape {tensor.shape}"
            )
        file.write(data.data)
        file.write(bytes(-data.nbytes % ALIGNMENT))


def _value(key: str, value: MetadataValue) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", ValueType.STRING) + _string(value)
    if isinstance(value, list):
        header = struct.pack("<IIQ", ValueType.ARRAY, ValueType.STRING, len(value))
        return header + b"".join(map(_string, value))
    if isinstance(value, np.ndarray):
        element_type = _element_type(key, value.dtype)
        return struct.pack("<IIQ", ValueType.ARRAY, element_type, value.size) + value.tobytes()
    if type(value) not in _SCALARS:
        raise ValueError(f"{key}: GGUF has no values of {type(value).__name__}")
    type_, layout = _SCALARS[type(value)]
    try:
        return struct.pack("<I", type_) + struct.pack(layout, value)
    except (struct.error, OverflowError) as error:
        raise ValueError(f"{key}: {value} does not fit {type_.name.lower()}: {error}") from error


def _element_type(key: str, dtype: np.dtype[Any]) -> ValueType:
    for type_, name in VALUE_DTYPES.items():
        if np.dtype(name) == dtype:
            return type_
    raise ValueError(f"{key}: GGUF has no arrays of {dtype}")


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _padded(n_bytes: int) -> int:
    return n_bytes + -n_bytes % ALIGNMENT
