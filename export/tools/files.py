"""Reading files that may be hostile: bounded reads, JSON, a cursor that is checked at each step."""

from __future__ import annotations

import json
import math
import mmap
import os
import stat
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from edge.errors import FormatError, ModelNotFoundError

MAX_JSON_BYTES = 1 << 20
MAX_INTEGER = (1 << 63) - 1
"""Largest integer that a JSON file may hold: longer ones take time to calculate with, and to show."""


def read_limited(path: Path, limit: int) -> bytes:
    """Read all of a small file; one of more than `limit` bytes, or what is no file, is refused before it is read."""
    found = path.stat()
    size = found.st_size
    if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for whoever writes it
        raise FormatError(f"{path}: no regular file; expected one of a model's files")
    if size > limit:
        raise FormatError(f"{path}: {size} bytes; at most {limit} are accepted here")
    return path.read_bytes()


def read_json_object(path: Path, limit: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """Read a JSON file whose outermost value is an object."""
    return parse_json_object(path, _read_existing(path, limit))


def read_json_list(path: Path, limit: int = MAX_JSON_BYTES) -> list[Any]:
    """Read a JSON file whose outermost value is a list."""
    content = _parse_json(path, _read_existing(path, limit))
    if not isinstance(content, list):
        raise FormatError(f"{path}: expected a JSON list, found {type(content).__name__}")
    return content


def parse_json_object(path: Path, data: bytes) -> dict[str, Any]:
    """Parse the JSON object in `data`, which came from `path`."""
    content = _parse_json(path, data)
    if not isinstance(content, dict):
        raise FormatError(f"{path}: expected a JSON object, found {type(content).__name__}")
    return content


def write_json(path: Path, content: object, indent: int | None = None) -> None:
    """Write a JSON file; without `indent` on one line."""
    path.write_text(json.dumps(content, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_existing(path: Path, limit: int) -> bytes:
    try:
        return read_limited(path, limit)
    except FileNotFoundError:
        raise ModelNotFoundError(f"{path}: no such file; the model's folder is incomplete") from None


def _parse_json(path: Path, data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: not valid JSON: {error}") from None


class Cursor:
    """Cursor over the bytes of a mapped file; each step is checked against the end before it is taken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            self.size = os.fstat(file.fileno()).st_size
            try:
                # An empty file cannot be mapped.
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if self.size else b""
            except (OSError, OverflowError) as error:
                raise FormatError(f"{path}: {self.size} bytes cannot be mapped: {error}") from None
        self.position = 0

    def need(self, n_bytes: int, what: str) -> int:
        """Pass over `n_bytes` that must exist, and return where they begin."""
        start = self.position
        if not 0 <= n_bytes <= self.size - start:
            raise FormatError(
                f"{self.path}: {what} at byte {start} needs {n_bytes} bytes and the file has "
                f"{self.size - start} left; it is cut short or damaged"
            )
        self.position = start + n_bytes
        return start

    def unpack(self, layout: str, what: str) -> tuple[Any, ...]:
        """Read little-endian numbers laid out as `struct` says."""
        start = self.need(struct.calcsize("<" + layout), what)
        return struct.unpack_from("<" + layout, self._data, start)

    def integer(self, layout: str, what: str) -> int:
        """Read one little-endian integer."""
        return int(self.unpack(layout, what)[0])

    def text(self, n_bytes: int, limit: int, what: str) -> bytes:
        """Read `n_bytes` of text, at most `limit`."""
        if n_bytes > limit:
            raise FormatError(
                f"{self.path}: {what} at byte {self.position} has {n_bytes} bytes; at most {limit} are accepted"
            )
        start = self.need(n_bytes, what)
        return self._data[start : self.position]

    def array(self, dtype: DTypeLike, shape: tuple[int, ...], what: str) -> NDArray[Any]:
        """Give a read-only view of an array in the file; nothing is copied."""
        kind = np.dtype(dtype)
        count = math.prod(shape)  # exact: Python's integers do not overflow
        if min(shape, default=1) <= 0:
            raise FormatError(f"{self.path}: {what} at byte {self.position} has the empty shape {shape}")
        start = self.need(count * kind.itemsize, what)
        return np.frombuffer(self._data, kind, count, start).reshape(shape)

    def end(self) -> None:
        """Check that nothing follows."""
        if self.position != self.size:
            raise FormatError(f"{self.path}: {self.size - self.position} unexpected bytes at byte {self.position}")


def size_of(path: Path) -> int:
    """Sum up the bytes of a file, or of all files of a folder."""
    files = path.iterdir() if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files)
