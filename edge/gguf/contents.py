"""Reads the bytes of a model file when they are asked for.

The file is not mapped: if it is cut short while it is mapped, the next access ends the process.
"""

from __future__ import annotations

import io
import os
import stat
import threading
import weakref
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, ModelNotFoundError

_ANEW = "fetch or export it again"


class Contents:
    """An open file, closed when the last reference to it goes."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            ModelNotFoundError: there is no such file.
            FormatError: the path is not a file, or the file is empty.
        """
        self.path = path
        descriptor = _open(path)
        weakref.finalize(self, os.close, descriptor)
        self._file = io.FileIO(descriptor, closefd=False)
        self._lock = threading.Lock()  # a seek and its read belong together
        self.n_bytes = os.fstat(descriptor).st_size
        """Size of the file when it was opened."""
        if self.n_bytes == 0:
            raise FormatError(f"{path}: expected a GGUF file, found an empty one; {_ANEW}")

    def read(self, offset: int, n_bytes: int) -> NDArray[np.uint8]:
        """Return the bytes from `offset` on, read-only.

        Raises:
            FormatError: the file has become shorter, or cannot be read.
        """
        data = np.empty(n_bytes, np.uint8)
        self.read_into(data, offset)
        data.flags.writeable = False
        return data

    def read_into(self, data: NDArray[np.uint8], offset: int) -> None:
        """Fill an array with the bytes from `offset` on; raises as `read` does."""
        n_read = 0
        try:
            with self._lock:
                self._file.seek(offset)
                while n_read < len(data):
                    n_more = self._file.readinto(data[n_read:].data)
                    if not n_more:
                        break
                    n_read += n_more
        except OSError as error:
            raise FormatError(f"{self.path}: cannot be read at byte {offset + n_read}: {error.strerror}") from error
        if n_read < len(data):
            raise FormatError(
                f"{self.path}: expected {self.n_bytes} bytes, as when it was opened, found {offset + n_read}: "
                f"it was cut short while it was read; {_ANEW}"
            )


def _open(path: Path) -> int:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # opening a pipe would wait for a writer
            kind = "a folder" if stat.S_ISDIR(mode) else "something that is not a file"
            raise FormatError(f"{path}: expected a GGUF file, found {kind}")
        return os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelNotFoundError(f"{path}: no such model file") from error
    except ValueError as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{path}: expected a GGUF file, found a path with a NUL in it") from error
