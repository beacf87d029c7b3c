"""Locks that processes share, one for each asset and each exported model, and what killed owners left."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import StoreError
from ..files import TEMPORARY_SUFFIX
from .files import explained

_LOG = logging.getLogger(__name__)


@contextmanager
def locked(home: Path, name: str) -> Iterator[None]:
    """Hold a lock of the store that other processes respect; says so when it has to wait for one."""
    from filelock import FileLock, Timeout

    with explained(home):
        lock = FileLock(_lock_file(home, name))
        try:
            lock.acquire(timeout=0.2)
        except Timeout:
            _LOG.warning("waiting for another process that works on %s", name)
            lock.acquire()
        except NotImplementedError as error:
            raise StoreError(
                f"{home}: its disk does not support locks; set EDGEWISE_HOME to a folder on another disk"
            ) from error
    try:
        yield
    finally:
        lock.release()


def workshop(model: Path) -> Path:
    """Return the folder in which the owner of a model's lock makes it."""
    return model.with_name(f".{model.name}{TEMPORARY_SUFFIX}")


def sweep(home: Path, downloads: Iterable[Path] = ()) -> None:
    """Delete what killed owners left: workshops, and `downloads` that are done; one whose lock is held is at work."""
    from filelock import FileLock

    workshops = (home / "models").glob(f".*{TEMPORARY_SUFFIX}")
    owned = [(path.name[1 : -len(TEMPORARY_SUFFIX)], path) for path in workshops]
    for owner, path in owned + [(path.name, path) for path in downloads if path.exists()]:
        try:
            with FileLock(_lock_file(home, owner), timeout=0):
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue  # somebody holds it, which is one of these errors too, or it is for another user to clear up


def _lock_file(home: Path, name: str) -> Path:
    folder = home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.lock"
