"""Checksums beside exported models, and whether a model still is what they were taken of.

A checksum has the time of last change of its model: as long as both say the same, nothing has touched either since, and
a start need not read the model through.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from ..errors import StoreError
from .files import sha256_of


def checksum_file(model: Path) -> Path:
    """Return where the checksum of a model lies, a file or a folder."""
    return model.with_name(model.name + ".sha256")


def write_checksum(model: Path) -> Path:
    """Take the checksum of a model that has just been made."""
    path = checksum_file(model)
    with path.open("w", encoding="ascii") as file:
        file.write(f"{_sum_of(model)}\n")
        file.flush()
        os.fsync(file.fileno())
    _settle(model)
    return path


def is_intact(model: Path, *, read: bool = False) -> bool:
    """Whether a model that is there holds what its checksum was taken of.

    It is read through if it or its checksum changed since, or where `read` asks for it; otherwise one without a
    checksum passes.

    Raises:
        StoreError: one of the two cannot be read.
    """
    try:
        if not checksum_file(model).exists():
            return not read
        if not read and _changed_ns(model) == checksum_file(model).stat().st_mtime_ns:
            return True
        if checksum_file(model).read_bytes().strip() != _sum_of(model).encode():
            return False
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{model} and its checksum cannot be read: {error.strerror or error}") from error
    with suppress(OSError):  # of another owner, or on a disk that is only read: then it is read again the next time
        _settle(model)
    return True


def _settle(model: Path) -> None:
    changed_ns = _changed_ns(model)
    os.utime(checksum_file(model), ns=(changed_ns, changed_ns))


def _changed_ns(model: Path) -> int:
    """Return when a model was last changed; of a folder, when the last of its files was."""
    inside: list[Path] = list(model.iterdir()) if model.is_dir() else []
    return max(path.stat().st_mtime_ns for path in (model, *inside))


def _sum_of(model: Path) -> str:
    """Compute the SHA-256 of a file; for a folder that of its files' names and checksums."""
    if not model.is_dir():
        return sha256_of(model)
    lines = (f"{sha256_of(path)}  {path.name}\n" for path in sorted(model.iterdir()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
