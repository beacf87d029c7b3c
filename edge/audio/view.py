"""Reads a file at any place while a decoder reads it too, and shows parts of it as files of their own."""

from __future__ import annotations

import io
import os
from typing import BinaryIO


class Source:
    """A seekable file that holds a recording."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.descriptor = _descriptor(file)
        """Number of the open file, where it has one: libsndfile then reads it by itself. Otherwise it calls back into
        Python for every read, and an interrupt that arrives during a callback is lost."""
        self.size = file.seek(0, io.SEEK_END)
        """Length in bytes."""
        self.rewind()

    def read_at(self, offset: int, n_bytes: int) -> bytes:
        """Read `n_bytes` bytes from `offset` on, fewer only at the end.

        A decoder that uses the descriptor keeps its position.
        """
        if self.descriptor is None:
            self._file.seek(offset)
            return self._file.read(n_bytes)
        before = os.lseek(self.descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(self.descriptor, offset, os.SEEK_SET)
            parts = []
            while n_bytes > 0 and (part := os.read(self.descriptor, n_bytes)):
                parts.append(part)
                n_bytes -= len(part)
            return b"".join(parts)
        finally:
            os.lseek(self.descriptor, before, os.SEEK_SET)

    def rewind(self) -> None:
        """Go back to the beginning, whatever a decoder has done to the descriptor."""
        self._file.seek(0, io.SEEK_END)  # past its buffer
        self._file.seek(0)
        if self.descriptor is not None:
            os.lseek(self.descriptor, 0, os.SEEK_SET)

    def position(self) -> int:
        """Give the position of a decoder that uses the descriptor; 0 where there is no descriptor."""
        return 0 if self.descriptor is None else os.lseek(self.descriptor, 0, os.SEEK_CUR)

    def close(self) -> None:
        """Close the file; harmless when already done."""
        self._file.close()


def _descriptor(file: BinaryIO) -> int | None:
    try:
        return file.fileno()
    except (OSError, AttributeError):
        return None


class View:
    """A file-like view of some bytes of our own, followed by a range of a file."""

    def __init__(self, source: Source, head: bytes, start: int, end: int) -> None:
        self._source = source
        self._head = head
        self._start = start
        self._size = len(head) + max(end - start, 0)
        self._at = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move as `io.BytesIO.seek` does."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """Give the position."""
        return self._at

    def read(self, n_bytes: int) -> bytes:
        """Read up to `n_bytes` bytes."""
        n_bytes = max(min(n_bytes, self._size - self._at), 0)
        data = self._head[self._at : self._at + n_bytes]
        if len(data) < n_bytes:
            behind = self._at + len(data) - len(self._head)
            data += self._source.read_at(self._start + behind, n_bytes - len(data))
        self._at += len(data)
        return data

    def position(self) -> int:
        """Give the position in the file of the next byte."""
        return self._start + max(self._at - len(self._head), 0)
