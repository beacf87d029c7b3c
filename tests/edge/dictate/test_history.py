"""The history of texts."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from edge.dictate.history import Entry, Fate, History
from edge.errors import OutputError

from .parts import Clock

DAY_S = 86400.0


def entry(text: str, at_s: float = 0.0, fate: Fate = Fate.WRITTEN) -> Entry:
    return Entry(at_s, text, text.lower(), fate)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def history(tmp_path: Path, clock: Clock) -> History:
    return History(tmp_path / "state" / "history.sqlite", 7, clock=clock)


def test_texts_are_found_in_any_case(history: History) -> None:
    for text in ("Grüße aus Köln", "an INVOICE for you", "nothing"):
        history.add(entry(text))
    assert [found.text for found in history.find("GRÜSSE")] == ["Grüße aus Köln"]
    assert [found.text for found in history.find("invoice")] == ["an INVOICE for you"]
    assert [found.number for found in history.find()] == [1, 2, 3]
    assert [found.number for found in history.find(most=2)] == [2, 3]
    assert history.get(2) == history.find("invoice")[0]
    assert history.get() == history.find()[-1]
    assert history.get(9) is None


def test_nobody_else_can_read_it(history: History) -> None:
    history.add(entry("secret"))
    path = history._path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_is_old_is_forgotten_but_not_the_only_copy(history: History, clock: Clock) -> None:
    history.add(entry("old"))
    history.add(entry("old but waiting", fate=Fate.WAITING))
    clock.now_s = 8 * DAY_S
    history.add(entry("new", clock.now_s))
    assert [found.text for found in history.find()] == ["old but waiting", "new"]
    assert history.n_kept() == 1
    history.settle(2, Fate.WRITTEN)
    assert [found.text for found in history.find()] == ["new"]
    assert b"old but waiting" not in history._path.read_bytes()  # nor is it to be read from the disk


def test_without_days_nothing_stays_that_was_delivered(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite", 0)
    history.add(entry("written"))
    history.add(entry("waiting", fate=Fate.RECOVERED))
    assert [found.text for found in history.find()] == ["waiting"]


def test_an_empty_history_is_no_file(history: History) -> None:
    assert history.find() == []
    assert history.get() is None
    assert history.clear() == 0
    assert not history._path.exists()


def test_a_file_that_is_none_is_said(history: History) -> None:
    history._path.parent.mkdir()
    history._path.write_bytes(b"no database" * 100)
    with pytest.raises(OutputError, match=r"the history cannot be used .*; move it away to begin anew"):
        history.find()


def test_a_full_disk_is_named(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    history.add(entry("before"))
    connect = sqlite3.connect

    def connect_with_little_room(*args: Any, **keywords: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(*args, **keywords)
        database.execute("PRAGMA max_page_count = 4")
        return database

    monkeypatch.setattr(sqlite3, "connect", connect_with_little_room)
    with pytest.raises(OutputError, match=r"the history cannot be used .*full.*; make room on its disk$"):
        history.add(entry("x" * 100_000))
    assert [found.text for found in history.find()] == ["before"]
