"""What an ONNX graph would read besides itself, found before onnxruntime opens it.

A tensor can name another file that holds its numbers, by any path, or by an address in memory. Only one regular file
beside the graph is allowed here, under the one name that our own folders have for it.
"""

from __future__ import annotations

import math
import mmap
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import FormatError
from .protobuf import fields, varint

_MAX_BYTES = 1 << 31  # of a message in Protocol Buffers
_MAX_RANK = 16

_MODEL, _GRAPH, _NODE, _ATTRIBUTE, _SPARSE, _FUNCTION, _TRAINING, _TENSOR = range(8)
_INSIDE: Mapping[int, Mapping[int, int]] = {
    _MODEL: {7: _GRAPH, 20: _TRAINING, 25: _FUNCTION},
    _GRAPH: {1: _NODE, 5: _TENSOR, 15: _SPARSE},
    _NODE: {5: _ATTRIBUTE},
    _ATTRIBUTE: {5: _TENSOR, 6: _GRAPH, 10: _TENSOR, 11: _GRAPH, 22: _SPARSE, 23: _SPARSE},
    _SPARSE: {1: _TENSOR, 2: _TENSOR},
    _FUNCTION: {7: _NODE, 11: _ATTRIBUTE},
    _TRAINING: {1: _GRAPH, 2: _GRAPH},
}
"""Messages that lead to tensors: by the kind of message, the numbers of the fields and what they hold."""

_DIMS, _TYPE, _ENTRY, _LOCATION = 1, 2, 13, 14
_EXTERNAL = 1
_KEY, _VALUE = 1, 2

_BITS: Mapping[int, int] = {
    **dict.fromkeys((21, 22, 23), 4),
    **dict.fromkeys((2, 3, 9, 17, 18, 19, 20, 24), 8),
    **dict.fromkeys((4, 5, 10, 16), 16),
    **dict.fromkeys((1, 6, 12), 32),
    **dict.fromkeys((7, 11, 13, 14), 64),
    15: 128,
}
"""Bits of one number of each type; strings have no form outside the graph."""


@dataclass(slots=True)
class _Tensor:
    """Place of a tensor's numbers, as the tensor says."""

    dims: list[int] = field(default_factory=list)
    type: int = 0
    is_external: bool = False
    entries: list[tuple[bytes, bytes]] = field(default_factory=list)


def check_external(path: Path, weights: str | None) -> None:
    """Refuse a graph that reads anything but itself and, where `weights` is given, the file of that name beside it.

    Raises:
        FormatError: it does, or it is no graph, or that file is a link, or too short for what is said to be in it.
    """
    if not path.is_file():
        raise FormatError(f"{path}: no file; expected an ONNX graph")
    with path.open("rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise FormatError(f"{path}: the file is empty; expected an ONNX graph") from None
        with data:
            if len(data) > _MAX_BYTES:
                raise FormatError(f"{path}: {len(data)} bytes; an ONNX graph has at most {_MAX_BYTES}")
            try:
                _check(path, data, weights)
            except IndexError:
                raise FormatError(f"{path}: not a sound ONNX graph: a field ends beyond the file") from None


def _check(path: Path, data: mmap.mmap, weights: str | None) -> None:
    n_bytes = 0  # of the weights' file, looked at once
    for start, end in _tensors(path, data):
        tensor = _read_tensor(path, data, start, end)
        if not (tensor.is_external or tensor.entries):
            continue
        if weights is None or {value for key, value in tensor.entries if key == b"location"} != {weights.encode()}:
            said = dict(tensor.entries).get(b"location", b"nowhere").decode("utf-8", "replace")
            allowed = "only the graph itself" if weights is None else f"only {weights} beside it"
            raise FormatError(f"{path}: a tensor's numbers are said to be in {said!r:.80}; {allowed} is read")
        if not n_bytes:
            _own_size(path)  # else the folder would not be the one it seems to be
            n_bytes = _own_size(path.with_name(weights))
        _check_place(path, tensor, weights, n_bytes)


def _check_place(path: Path, tensor: _Tensor, weights: str, n_bytes: int) -> None:
    """Whether the numbers of a tensor are where it says within a file of so many bytes."""
    said = dict(tensor.entries)
    offset, length = (said.get(key, b"0") for key in (b"offset", b"length"))
    if len(said) != len(tensor.entries) or not all(len(text) < 20 and text.isdigit() for text in (offset, length)):
        raise FormatError(f"{path}: a tensor's place in {weights} is {str(tensor.entries)!r:.200}; expected numbers")
    if len(tensor.dims) > _MAX_RANK:
        raise FormatError(
            f"{path}: a tensor in {weights} has {len(tensor.dims)} dimensions; at most {_MAX_RANK} are read"
        )
    if tensor.type not in _BITS:
        raise FormatError(f"{path}: a tensor in {weights} has type {tensor.type}, which has no form there")
    needed = (math.prod(tensor.dims) * _BITS[tensor.type] + 7) // 8
    if (b"length" in said and int(length) != needed) or int(offset) + needed > n_bytes:
        raise FormatError(
            f"{path}: a tensor of {needed} bytes is said to be {int(length)} bytes at byte {int(offset)} of {weights}, "
            f"which has {n_bytes}; one of the files is damaged, or of another model"
        )


def _own_size(path: Path) -> int:
    """Count the bytes of a file that is one in its own right."""
    try:
        found = path.lstat()
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); expected a file of a model's folder") from None
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise FormatError(
            f"{path}: is a link, or no file; a model's folder holds the files themselves, so copy them there"
        )
    return found.st_size


def _tensors(path: Path, data: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Find where each tensor begins and ends, wherever it is."""
    pending = [(_MODEL, 0, len(data))]
    while pending:
        kind, start, end = pending.pop()
        if kind == _TENSOR:
            yield start, end
            continue
        inside = _INSIDE[kind]
        for number, value, value_end in fields(path, data, start, end):
            if value_end >= 0 and number in inside:
                pending.append((inside[number], value, value_end))


def _read_tensor(path: Path, data: mmap.mmap, start: int, end: int) -> _Tensor:
    tensor = _Tensor()
    for number, value, value_end in fields(path, data, start, end):
        if number == _DIMS and value_end < 0:
            tensor.dims.append(value)
        elif number == _DIMS:
            while value < value_end:
                size, value = varint(data, value)
                tensor.dims.append(size)
        elif number == _TYPE:
            tensor.type = value
        elif number == _LOCATION:
            tensor.is_external = value == _EXTERNAL
        elif number == _ENTRY and value_end >= 0:
            texts = {key: data[at:to] for key, at, to in fields(path, data, value, value_end) if to >= 0}
            tensor.entries.append((texts.get(_KEY, b""), texts.get(_VALUE, b"")))
    return tensor
