"""The history: what was written, and what could not be, in a database that the user alone can read."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from errno import ENOSPC
from pathlib import Path

from ..errors import OutputError

_DAY_S = 86400.0
_WAIT_S = 5.0
_LAYOUT = """
CREATE TABLE IF NOT EXISTS texts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    text TEXT NOT NULL,
    said TEXT NOT NULL,
    fate TEXT NOT NULL,
    application TEXT NOT NULL,
    duration_s REAL NOT NULL,
    audio TEXT NOT NULL
)
"""
_COLUMNS = "id, at, text, said, fate, application, duration_s, audio"


class Fate(StrEnum):
    """Fate of a text."""

    WRITTEN = "written"
    WAITING = "waiting"
    """Kept until it is copied: it could not be written where it was meant to be."""
    RECOVERED = "recovered"
    """Kept until it is copied: the dictation ended before it was written."""
    TAKEN_BACK = "taken back"
    CONSUMED = "consumed"
    """Taken by the user's hook."""


KEPT = (Fate.WAITING, Fate.RECOVERED)
"""Fates of texts that are the only copy, and stay whatever is said about the history."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A text of the history."""

    at_s: float
    """Time at which it was begun, by `time.time`."""
    text: str
    said: str
    """Words as they were heard."""
    fate: Fate
    application: str = ""
    duration_s: float = 0.0
    audio: str = ""
    """File with the recording; empty where it was not kept."""
    number: int = 0
    """Number by which it is asked for."""


class History:
    """The database. Each call opens it anew, so that any thread and any process may ask."""

    def __init__(self, path: Path, days: float = _DAY_S, *, clock: Callable[[], float] = time.time) -> None:
        """Begin; texts older than `days` are deleted, and with 0 days those that are delivered."""
        self._path, self._days, self._clock = path, days, clock

    def add(self, entry: Entry) -> int:
        """Keep a text, and forget what is too old; returns its number.

        Raises:
            OutputError: it cannot be written.
        """
        values = (
            *(entry.at_s, entry.text, entry.said, str(entry.fate)),
            *(entry.application, entry.duration_s, entry.audio),
        )
        with self._open() as database:
            names = _COLUMNS.removeprefix("id, ")
            added = database.execute(f"INSERT INTO texts ({names}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        self.forget()
        return int(added.lastrowid or 0)

    def settle(self, number: int, fate: Fate) -> None:
        """Note what became of a text."""
        with self._open() as database:
            database.execute("UPDATE texts SET fate = ? WHERE id = ?", (str(fate), number))
        self.forget()

    def find(self, words: str = "", most: int = 20) -> list[Entry]:
        """Return the newest texts that have these words, in any case, the newest last."""
        if not self._path.exists():
            return []
        with self._open() as database:
            rows = database.execute(
                f"SELECT {_COLUMNS} FROM texts WHERE has(text, ?) ORDER BY id DESC LIMIT ?", (words.casefold(), most)
            ).fetchall()
        return [_entry(row) for row in rows[::-1]]

    def get(self, number: int | None = None) -> Entry | None:
        """Return a text by its number, or the newest one; None where it is not there."""
        if not self._path.exists():
            return None
        which, values = ("", ()) if number is None else ("WHERE id = ?", (number,))
        with self._open() as database:
            row = database.execute(f"SELECT {_COLUMNS} FROM texts {which} ORDER BY id DESC LIMIT 1", values).fetchone()
        return None if row is None else _entry(row)

    def n_kept(self) -> int:
        """Count the texts that wait to be copied."""
        if not self._path.exists():
            return 0
        with self._open() as database:
            return int(database.execute("SELECT COUNT(*) FROM texts WHERE fate IN (?, ?)", KEPT).fetchone()[0])

    def clear(self) -> int:
        """Forget all texts, and return how many."""
        return self._forget("1", ())

    def forget(self) -> None:
        """Forget what is too old; what is the only copy stays."""
        if self._days > 0:
            until_s = self._clock() - self._days * _DAY_S
            self._forget("at < ? AND fate NOT IN (?, ?)", (until_s, *KEPT))
        else:
            self._forget("fate NOT IN (?, ?)", KEPT)

    def _forget(self, which: str, values: tuple[object, ...]) -> int:
        if not self._path.exists():
            return 0
        with self._open() as database:
            files = [row[0] for row in database.execute(f"SELECT audio FROM texts WHERE {which}", values)]
            database.execute(f"DELETE FROM texts WHERE {which}", values)
        for file in filter(None, files):
            Path(file).unlink(missing_ok=True)
        return len(files)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            database = sqlite3.connect(self._path, timeout=_WAIT_S)
            try:
                database.create_function("has", 2, _has, deterministic=True)
                database.execute("PRAGMA secure_delete = ON")  # what is deleted is not to be read from the disk
                with database:
                    database.execute(_LAYOUT)
                    yield database
            finally:
                database.close()
        except (sqlite3.Error, OSError) as error:
            advice = "make room on its disk" if _is_full(error) else "move it away to begin anew"
            raise OutputError(f"{self._path}: the history cannot be used ({error}); {advice}") from error


def _is_full(error: sqlite3.Error | OSError) -> bool:
    """Whether there is no room on the disk."""
    if isinstance(error, OSError):
        return error.errno == ENOSPC
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _has(text: str, words: str) -> bool:
    return words in text.casefold()


def _entry(row: tuple[int, float, str, str, str, str, float, str]) -> Entry:
    number, at_s, text, said, fate, application, duration_s, audio = row
    return Entry(at_s, text, said, Fate(fate), application, duration_s, audio, number)
