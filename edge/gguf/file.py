"""Opens GGUF files of any kind: checks the directory, and reads tensors when they are asked for.

The C parser (kernels/gguf) proves counts, sizes, types and offsets without allocating; opening a file costs its header
and nothing more. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..ops import gguf_parse, gguf_strings
from .contents import Contents
from .strings import ByteStrings
from .types import BLOCKS, NUMPY_TYPES, VALUE_DTYPES, TensorType, ValueType

_FIRST_READ = 2 << 20
_MOST_HEADER = 256 << 20
"""Bytes that the parser looks at, at most."""

_FoundEntry = tuple[bytes, int, int, int, int, int]
_FoundTensor = tuple[bytes, int, tuple[int, ...], int, int]
_Directory = tuple[list[_FoundEntry], list[_FoundTensor]]

MetadataValue = str | bool | int | float | list[str] | NDArray[Any]


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor as it is stored in the file."""

    name: str
    type: TensorType
    shape: tuple[int, ...]
    """Shape in numpy's order, counted in elements."""
    source: NDArray[Any] | Callable[[], NDArray[Any]]
    """Data of the tensor, or what reads them."""

    @property
    def data(self) -> NDArray[Any]:
        """Numbers of `shape`, or for block types bytes (rows, bytes of a row); a file is read each time.

        Raises:
            FormatError: the file has become shorter since it was opened.
        """
        return self.source() if callable(self.source) else self.source

    @property
    def n_bytes(self) -> int:
        """Size in the file."""
        weights, n_bytes = BLOCKS[self.type]
        return math.prod(self.shape) // weights * n_bytes

    def in_memory(self) -> StoredTensor:
        """Return the same tensor with its data in memory, read now."""
        return replace(self, source=self.data)


@dataclass(frozen=True, slots=True)
class _Entry:
    """Place where a metadata value lies."""

    type: ValueType
    element_type: ValueType
    count: int
    offset: int
    n_bytes: int


class Metadata(Mapping[str, MetadataValue]):
    """Keys and values of a file. A value is read when it is asked for, which for a list of tokens takes its time."""

    def __init__(self, header: NDArray[np.uint8], entries: Mapping[str, _Entry], name: str) -> None:
        self._header = header
        self._entries = entries
        self._name = name

    def __getitem__(self, key: str) -> MetadataValue:
        entry = self._entries[key]
        if entry.element_type is ValueType.STRING:
            strings = [self._text(key, text) for text in self.raw_strings(key)]
            return strings if entry.type is ValueType.ARRAY else strings[0]
        values = np.frombuffer(self._header, VALUE_DTYPES[entry.element_type], entry.count, entry.offset)
        if entry.type is ValueType.ARRAY:
            return values
        scalar: bool | int | float = values[0].item()
        return scalar

    def __contains__(self, key: object) -> bool:
        return key in self._entries  # Mapping's own method would read the value

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def raw_strings(self, key: str, most: int | None = None) -> ByteStrings:
        """Return a string, or the strings of an array, as bytes; of a long array only the first `most`."""
        entry = self._entries[key]
        if entry.element_type is not ValueType.STRING:
            raise FormatError(f"{self._name}: {key}: expected strings, found {entry.element_type.name.lower()}")
        count = entry.count if most is None else min(entry.count, most)
        return ByteStrings(*gguf_strings(self._header, entry.offset, entry.n_bytes, count))

    def count(self, key: str) -> int:
        """Count the elements of an array, without reading it; 1 for a scalar."""
        return self._entries[key].count

    def is_array(self, key: str) -> bool:
        """Whether the value is an array, even of one element."""
        return self._entries[key].type is ValueType.ARRAY

    def holds_strings(self, key: str) -> bool:
        """Whether the value is a string or an array of strings."""
        return self._entries[key].element_type is ValueType.STRING

    def _text(self, key: str, text: bytes) -> str:
        try:
            return text.decode()
        except UnicodeDecodeError as error:
            raise FormatError(f"{self._name}: {key}: expected UTF-8 text: {error}") from error


class GgufFile:
    """An open file, with its metadata and its tensors."""

    def __init__(self, path: Path, n_bytes: int, metadata: Metadata, tensors: Mapping[str, StoredTensor]) -> None:
        self.path = path
        self.n_bytes = n_bytes
        """Size of the file."""
        self.metadata = metadata
        self.tensors = MappingProxyType(dict(tensors))

    def close(self) -> None:
        """Let go of the file, which stays open while a tensor of it is in use."""
        self.tensors = MappingProxyType({})

    def __enter__(self) -> GgufFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_gguf(path: str | Path) -> GgufFile:
    """Open a GGUF file and check its structure.

    Raises:
        ModelNotFoundError: there is no such file.
        FormatError: it is not GGUF, or it is damaged.
    """
    path = Path(path)
    contents = Contents(path)
    header, (entries, tensors) = _parse(contents)
    metadata = Metadata(header, _entries(path, entries), str(path))
    return GgufFile(path, contents.n_bytes, metadata, _tensors(contents, tensors))


def _parse(contents: Contents) -> tuple[NDArray[np.uint8], _Directory]:
    """Read the file's header, and return what the parser found in it.

    The parser takes the length of the file and looks only at the header: after the part that was read there is memory
    that nobody touches.
    """
    kind = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    whole = np.frombuffer(mmap.mmap(-1, contents.n_bytes, flags=kind), np.uint8)
    n_read, n_wanted = 0, min(_FIRST_READ, contents.n_bytes)
    while True:
        contents.read_into(whole[n_read:n_wanted], n_read)
        n_read = n_wanted
        try:
            _, _, data_start, entries, tensors = gguf_parse(whole)
            if min(data_start, contents.n_bytes) <= n_read:
                return whole[:data_start], (entries, tensors)
        except ValueError as error:
            if n_read == min(contents.n_bytes, _MOST_HEADER):
                raise FormatError(f"{contents.path}: not a sound GGUF file: {error}") from error
        n_wanted = min(4 * n_read, contents.n_bytes, _MOST_HEADER)


def _entries(path: Path, found: list[_FoundEntry]) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for raw, type_, element_type, count, offset, n_bytes in found:
        key = _name(path, raw)
        if key in entries:
            raise FormatError(f"{path}: the key {key!r} occurs twice")
        entries[key] = _Entry(ValueType(type_), ValueType(element_type), count, offset, n_bytes)
    return entries


def _tensors(contents: Contents, found: list[_FoundTensor]) -> dict[str, StoredTensor]:
    tensors: dict[str, StoredTensor] = {}
    for raw, type_id, ne, offset, n_bytes in found:
        name = _name(contents.path, raw)
        if name in tensors:
            raise FormatError(f"{contents.path}: the tensor {name!r} occurs twice")
        type_, shape = TensorType(type_id), tuple(reversed(ne))
        tensors[name] = StoredTensor(name, type_, shape, partial(_data, contents, type_, shape, offset, n_bytes))
    return tensors


def _data(contents: Contents, type_: TensorType, shape: tuple[int, ...], offset: int, n_bytes: int) -> NDArray[Any]:
    data = contents.read(offset, n_bytes)
    if type_ in NUMPY_TYPES:
        return data.view(NUMPY_TYPES[type_]).reshape(shape)
    return data.reshape(math.prod(shape[:-1]), -1)


def _name(path: Path, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: expected a name in UTF-8, found {raw[:40]!r}") from error
