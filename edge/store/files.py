"""Files of the store: checked bytes, durable renames, room on the disk."""

from __future__ import annotations

import errno
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import EdgeError, IntegrityError, StoreError
from ..files import TEMPORARY_SUFFIX, replacing_file
from ..files import sha256_of as _sha256_of

CHUNK_BYTES = 1 << 20
SPARE_BYTES = 16 << 20
"""Bytes of room that a download leaves on the disk beyond what it needs."""


def sha256_of(path: Path) -> str:
    """Hash a file of the store, in hexadecimal; StoreError where it cannot be read."""
    try:
        return _sha256_of(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from error


def has_size(path: Path, size: int | None) -> bool:
    """Whether the file is there with this size, or with any where it is None."""
    try:
        return path.is_file() and size in (None, path.stat().st_size)
    except OSError:
        return False


def holds(path: Path, size: int | None, sha256: str) -> bool:
    """Whether the file is there with exactly these bytes; reads it through."""
    return has_size(path, size) and sha256_of(path) == sha256


def is_newer_than_folder(path: Path) -> bool:
    """Whether a file may have been written to since it got its name, which changed its folder."""
    return path.stat().st_mtime_ns >= path.parent.stat().st_mtime_ns


def read_chunks(path: Path) -> Iterator[bytes]:
    """Read a file, a piece at a time."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def write_verified(target: Path, chunks: Iterable[bytes], *, size: int | None, sha256: str) -> None:
    """Write a file that has exactly this size (unless None) and hash; on any failure nothing is left behind."""
    digest = hashlib.sha256()
    written = 0
    with replacing_file(target) as file:
        for chunk in chunks:
            written += len(chunk)
            if size is not None and written > size:
                raise IntegrityError(f"{target.name}: expected {size} bytes, more arrived")
            digest.update(chunk)
            file.write(chunk)
        check(target.name, written, digest.hexdigest(), size=size, sha256=sha256)


def check(name: str, found_size: int, found_sha256: str, *, size: int | None, sha256: str) -> None:
    """Raise IntegrityError unless size and hash are the pinned ones."""
    if size not in (None, found_size):
        raise IntegrityError(f"{name}: expected {size} bytes, {found_size} arrived")
    if found_sha256 != sha256:
        raise IntegrityError(f"{name}: not the pinned bytes (SHA-256 {found_sha256[:16]}…, expected {sha256[:16]}…)")


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files of writers that were killed; call it under the folder's lock."""
    for path in folder.glob(f".*{TEMPORARY_SUFFIX}"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def require_space(folder: Path, needed: int) -> None:
    """Raise StoreError unless the disk of this folder has room for so many bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE_BYTES:
        raise StoreError(
            f"{folder} has {readable_size(free)} free, {readable_size(needed + SPARE_BYTES)} are needed: "
            "make room, or set EDGEWISE_HOME to a folder on another disk"
        )


def readable_size(n_bytes: int) -> str:
    """Write a size for people."""
    if n_bytes >= 1e9:
        return f"{n_bytes / 1e9:.1f} GB"
    return f"{n_bytes / 1e6:.0f} MB" if n_bytes >= 9.5e6 else f"{n_bytes / 1e6:.1f} MB"


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn the system's refusal to write into a StoreError that says what to do."""
    try:
        yield
    except EdgeError:
        raise  # some of ours are OSErrors too, and say what to do already
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = "the disk is full: make room, or set EDGEWISE_HOME to a folder on another disk"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            advice = "it cannot be written to: change its permissions, or set EDGEWISE_HOME to another folder"
        else:
            advice = f"{error.strerror or error}"
        raise StoreError(f"{folder}: {advice}") from error
