"""Files and folders that are whole or absent, for every writer, and the hash of a file."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

TEMPORARY_SUFFIX = ".tmp"

TEMPORARY_NAME = re.compile(rf"\.edgewise-[0-9a-f]{{16}}{re.escape(TEMPORARY_SUFFIX)}")
"""Name of what is not finished. It has one length for every file, whose own name may be as long as names can be."""

_CANNOT_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
"""Errors of file systems that write at once, or have no way to be told to."""


@contextmanager
def replacing_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write that gets its name when the block ends, flushed; if the block raises, nothing is left.

    Raises:
        OSError: the folder cannot be written to, or the disk is full; it names `path`.
    """
    with _temporary_beside(path) as temporary:
        is_filled = False
        try:
            with temporary.open("wb") as file:
                yield file
                is_filled = True
                file.flush()
                sync_file(file.fileno())
            # Threads of one process may write the same file: the last one to finish wins, with a whole file.
            temporary.replace(path)
        except BaseException as error:
            with suppress(OSError):
                temporary.unlink()
            if is_filled and isinstance(error, OSError):
                _name(error, path)
            raise
    sync_folder(path.parent)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Make a folder to fill that gets its name when the block ends; if the block raises, nothing is left.

    Raises:
        FileExistsError: at `path` is a file, or a folder with something in it.
        OSError: no folder can be made beside `path`; it names `path`.
    """
    check_free(path)
    with workshop(path) as temporary:
        yield temporary
        for file in temporary.iterdir():
            _sync_path(file)
        temporary.replace(path)
        sync_folder(path.parent)


@contextmanager
def workshop(path: Path) -> Iterator[Path]:
    """Make a folder beside `path` for what is not finished; it is gone afterwards, whatever happens."""
    folder = _temporary_name(path)
    try:
        folder.mkdir()
    except OSError as error:
        _name(error, path)
        raise
    try:
        yield folder
    except OSError as error:
        if isinstance(error.filename, str) and Path(error.filename).is_relative_to(folder):
            _name(error, path)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(made: Path, path: Path) -> None:
    """Flush a finished file of the same disk, and give it its name."""
    _sync_path(made)
    made.replace(path)
    sync_folder(path.parent)


def check_free(path: Path) -> None:
    """Raise FileExistsError unless a folder can be made at `path`: nothing is there, or an empty one."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(f"{path} exists; name a new folder, or an empty one")


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut, where the system can do that."""
    if os.name == "posix":
        with suppress(OSError):  # some network file systems refuse; the rename itself is done
            _sync_path(folder)


def sha256_of(*paths: Path) -> str:
    """Hash the bytes of one or more files, one after the other; the SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return digest.hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8, whole or not at all; half characters, which UTF-8 has no form for, as escapes."""
    try:
        with replacing_file(path) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        _name(error, path)
        raise


def remove_killed(folder: Path) -> None:
    """Delete the temporary files in a folder whose writers were killed; those being written stay."""
    with suppress(OSError):
        for path in folder.iterdir():
            if TEMPORARY_NAME.fullmatch(path.name):
                with suppress(OSError):
                    _remove_abandoned(path)


@contextmanager
def _temporary_beside(path: Path) -> Iterator[Path]:
    """Make a file beside `path`, locked until the block ends, which tells that its writer lives."""
    while True:
        temporary = _temporary_name(path)
        try:
            descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        except OSError as error:
            _name(error, path)
            raise
        if os.name != "posix":
            os.close(descriptor)  # no file gets a new name there while it is open
            yield temporary
            return
        with suppress(OSError):  # some file systems know no locks; there nothing of anybody's is removed
            lock_file(descriptor)
        if os.fstat(descriptor).st_nlink:
            break
        os.close(descriptor)  # another run took it for abandoned before it was locked
    try:
        yield temporary
    finally:
        os.close(descriptor)


def _temporary_name(path: Path) -> Path:
    return path.with_name(f".edgewise-{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")


def _remove_abandoned(path: Path) -> None:
    """Delete a temporary file, or raise OSError if somebody writes it."""
    if os.name == "posix":
        with path.open("rb") as file:
            lock_file(file.fileno())
            path.unlink()
    else:
        path.unlink()  # refused while it is open anywhere


def lock_file(descriptor: int) -> None:
    """Lock an open file against other runs, or raise OSError if one of them holds it."""
    if sys.platform != "win32":
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_path(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)


def sync_file(descriptor: int) -> None:
    """Bring an open file to the disk, where the system can be told to."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise


def _name(error: OSError, path: Path) -> None:
    """Let an error speak of the file that was to be written, not of the temporary one."""
    error.filename, error.filename2 = str(path), None
