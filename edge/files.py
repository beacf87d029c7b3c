"""Files that are whole or absent, for every writer of the runtime."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

TEMPORARY_SUFFIX = ".tmp"


@contextmanager
def replacing_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that gets its name when the block ends, flushed to disk; if the block raises, nothing is left.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.
    """
    # Threads of one process may write the same file: the last one to finish wins, with a whole file.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY_SUFFIX}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8, whole or not at all."""
    with replacing_file(path) as file:
        file.write(text.encode("utf-8"))
