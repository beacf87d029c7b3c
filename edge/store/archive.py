"""One member out of a zip or tar archive, as a stream: nothing is unpacked by name, run or imported."""

from __future__ import annotations

import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..errors import IntegrityError
from .files import CHUNK_BYTES

MAX_MEMBERS = 100_000
MAX_UNPACKED_BYTES = 8 << 30
"""Bytes of a compressed tar that are read, at most, in search of a member."""

_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error,
    EOFError, NotImplementedError, RuntimeError, UnicodeError, ValueError,
)  # fmt: skip
"""Errors that zipfile and tarfile raise on archives that are damaged, encrypted or of an unknown kind."""


def read_member(archive: Path, path: str) -> Iterator[bytes]:
    """Read the bytes of one member, a piece at a time; the caller bounds their number and checks their hash."""
    reader = _read_zip if zipfile.is_zipfile(archive) else _read_tar
    try:
        yield from reader(archive, path)
    except KeyError as error:
        raise IntegrityError(f"{archive.name} holds no {path}") from error
    except OSError as error:
        if error.errno is not None:
            raise  # the disk's fault, not the archive's
        raise IntegrityError(f"{archive.name} is damaged: {error}") from error
    except _DAMAGE as error:
        raise IntegrityError(f"{archive.name} is damaged: {error}") from error


def _read_zip(archive: Path, path: str) -> Iterator[bytes]:
    with zipfile.ZipFile(archive) as opened, opened.open(path) as member:
        yield from _pieces(member)


def _read_tar(archive: Path, path: str) -> Iterator[bytes]:
    with tarfile.open(archive, mode="r:*") as opened:
        for count, entry in enumerate(opened):
            if count >= MAX_MEMBERS or entry.offset > MAX_UNPACKED_BYTES:
                raise tarfile.TarError("too many or too large members")
            if entry.name == path and entry.isreg():
                member = opened.extractfile(entry)
                assert member is not None  # a regular file has contents
                yield from _pieces(member)
                return
    raise KeyError(path)


def _pieces(member: IO[bytes]) -> Iterator[bytes]:
    while chunk := member.read(CHUNK_BYTES):
        yield chunk
