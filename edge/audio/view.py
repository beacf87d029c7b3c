"""A file read at any place while a decoder reads it too, and parts of it that look like files of their own."""

from __future__ import annotations

import io
import os
from typing import BinaryIO


class Source:
    """A seekable file that holds a recording."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.descriptor = _descriptor(file)
        """Its number where it has one: libsndfile then reads by itself. It would call back into Python for every read
        otherwise, and an interrupt that arrives in there is lost."""
        self.size = file.seek(0, io.SEEK_END)
        """Its length in bytes."""
        self.rewind()

    def read_at(self, offset: int, n_bytes: int) -> bytes:
        """`n_bytes` bytes from `offset` on, fewer only at the end; a decoder that uses the descriptor stays where it
        is."""
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
        """Where a decoder that uses the descriptor is; 0 where there is none."""
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
    """Bytes of our own and a range of a file behind them, to be read like a file."""

    def __init__(self, source: Source, head: bytes, start: int, end: int) -> None:
        self._source = source
        self._head = head
        self._start = start
        self._size = len(head) + max(end - start, 0)
        self._at = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of a file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """As of a file."""
        return self._at

    def read(self, n_bytes: int) -> bytes:
        """As of a file."""
        n_bytes = max(min(n_bytes, self._size - self._at), 0)
        data = self._head[self._at : self._at + n_bytes]
        if len(data) < n_bytes:
            behind = self._at + len(data) - len(self._head)
            data += self._source.read_at(self._start + behind, n_bytes - len(data))
        self._at += len(data)
        return data

    def position(self) -> int:
        """Where in the file the next byte comes from."""
        return self._start + max(self._at - len(self._head), 0)
