"""GGUF files of any kind: a checked directory over a memory map.

The C parser (kernels/gguf) proves counts, sizes, types and offsets without allocating; values and tensors are then
views of the map, so that opening a file costs its directory and nothing more.
Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import mmap
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, ModelNotFoundError
from ..ops import gguf_parse, gguf_strings
from ..strings import ByteStrings
from .types import NUMPY_TYPES, VALUE_DTYPES, TensorType, ValueType

MetadataValue = str | bool | int | float | list[str] | NDArray[Any]


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor as it lies in the file."""

    name: str
    type: TensorType
    shape: tuple[int, ...]
    """In numpy's order, counted in elements."""
    data: NDArray[Any]
    """Read-only view of the map: numbers of `shape`, or for block types bytes (rows, bytes a row)."""

    @property
    def n_bytes(self) -> int:
        """Bytes in the file."""
        return self.data.nbytes


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where a metadata value lies."""

    type: ValueType
    element_type: ValueType
    count: int
    offset: int
    n_bytes: int


class Metadata(Mapping[str, MetadataValue]):
    """Keys and values; a value is read when it is asked for, which for a list of tokens takes its time."""

    def __init__(self, buffer: mmap.mmap, entries: Mapping[str, _Entry], name: str) -> None:
        self._buffer = buffer
        self._entries = entries
        self._name = name

    def __getitem__(self, key: str) -> MetadataValue:
        entry = self._entries[key]
        if entry.element_type is ValueType.STRING:
            strings = [self._text(key, text) for text in self.raw_strings(key)]
            return strings if entry.type is ValueType.ARRAY else strings[0]
        values = np.frombuffer(self._buffer, VALUE_DTYPES[entry.element_type], entry.count, entry.offset)
        if entry.type is ValueType.ARRAY:
            return values
        scalar: bool | int | float = values[0].item()
        return scalar

    def __contains__(self, key: object) -> bool:
        return key in self._entries  # Mapping's own would read the value

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def raw_strings(self, key: str, most: int | None = None) -> ByteStrings:
        """A string, or the strings of an array, as bytes; of a long array only the first `most`."""
        entry = self._entries[key]
        if entry.element_type is not ValueType.STRING:
            raise FormatError(f"{self._name}: {key}: expected strings, found {entry.element_type.name.lower()}")
        count = entry.count if most is None else min(entry.count, most)
        return ByteStrings(*gguf_strings(self._buffer, entry.offset, entry.n_bytes, count))

    def count(self, key: str) -> int:
        """Elements of an array, without reading it; 1 for a scalar."""
        return self._entries[key].count

    def is_array(self, key: str) -> bool:
        """Whether the value is an array, if only of one element."""
        return self._entries[key].type is ValueType.ARRAY

    def holds_strings(self, key: str) -> bool:
        """Whether the value is a string or an array of them."""
        return self._entries[key].element_type is ValueType.STRING

    def _text(self, key: str, text: bytes) -> str:
        try:
            return text.decode()
        except UnicodeDecodeError as error:
            raise FormatError(f"{self._name}: {key}: expected UTF-8 text: {error}") from error


class GgufFile:
    """An open file: its metadata and its tensors. Views die with it, so close it last."""

    def __init__(self, path: Path, map_: mmap.mmap, metadata: Metadata, tensors: Mapping[str, StoredTensor]) -> None:
        self.path = path
        self.metadata = metadata
        self.tensors = MappingProxyType(dict(tensors))
        self._map = map_

    @property
    def n_bytes(self) -> int:
        """Size of the file."""
        return len(self._map)

    def drop_pages(self) -> None:
        """Give back the memory of what was read so far; a view that is read again brings its pages back."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Let go of the file; its pages stay mapped while an array still views them."""
        self.tensors = MappingProxyType({})

    def __enter__(self) -> GgufFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_gguf(path: str | Path) -> GgufFile:
    """Map a GGUF file and check its structure.

    Raises:
        ModelNotFoundError: there is no such file.
        FormatError: it is not GGUF, or it is damaged.
    """
    path = Path(path)
    map_ = _map(path)
    try:
        _, _, _, entries, tensors = gguf_parse(map_)
    except ValueError as error:
        raise FormatError(f"{path}: not a sound GGUF file: {error}") from error
    metadata = Metadata(map_, _entries(path, entries), str(path))
    return GgufFile(path, map_, metadata, _tensors(path, map_, tensors))


def _map(path: Path) -> mmap.mmap:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # opening a pipe would wait for a writer
            kind = "a folder" if stat.S_ISDIR(mode) else "something that is no file"
            raise FormatError(f"{path}: expected a GGUF file, found {kind}")
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelNotFoundError(f"{path}: no such model file") from error
    except ValueError as error:
        if isinstance(error, FormatError):
            raise
        problem = "a path with a NUL in it" if "\0" in str(path) else "an empty one"  # mmap refuses to map nothing
        raise FormatError(f"{path}: expected a GGUF file, found {problem}") from error


def _entries(path: Path, found: list[tuple[bytes, int, int, int, int, int]]) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for raw, type_, element_type, count, offset, n_bytes in found:
        key = _name(path, raw)
        if key in entries:
            raise FormatError(f"{path}: the key {key!r} stands twice")
        entries[key] = _Entry(ValueType(type_), ValueType(element_type), count, offset, n_bytes)
    return entries


def _tensors(
    path: Path, map_: mmap.mmap, found: list[tuple[bytes, int, tuple[int, ...], int, int]]
) -> dict[str, StoredTensor]:
    tensors: dict[str, StoredTensor] = {}
    for raw, type_id, ne, offset, n_bytes in found:
        name = _name(path, raw)
        if name in tensors:
            raise FormatError(f"{path}: the tensor {name!r} stands twice")
        type_, shape = TensorType(type_id), tuple(reversed(ne))
        if type_ in NUMPY_TYPES:
            dtype = np.dtype(NUMPY_TYPES[type_])
            data = np.frombuffer(map_, dtype, n_bytes // dtype.itemsize, offset).reshape(shape)
        else:
            n_rows = int(np.prod(shape[:-1], dtype=np.int64))
            data = np.frombuffer(map_, np.uint8, n_bytes, offset).reshape(n_rows, -1)
        tensors[name] = StoredTensor(name, type_, shape, data)
    return tensors


def _name(path: Path, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: expected a name in UTF-8, found {raw[:40]!r}") from error
