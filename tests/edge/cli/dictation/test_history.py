"""`edgewise dictate history`."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.dictate.history import Entry, Fate, History
from edge.dictate.places import history_path

from ..conftest import Run


@pytest.fixture
def texts(folders: Path) -> list[str]:
    history = History(history_path(), 36500)
    found = ["An invoice for you.", "Two\nlines \x1b[31m"]
    for text in found:
        history.add(Entry(0.0, text, text, Fate.WRITTEN, "Editor"))
    return found


def test_texts_are_listed_and_found(texts: list[str], run: Run, folders: Path) -> None:
    (folders / "config" / "edgewise").mkdir(parents=True)
    (folders / "config" / "edgewise" / "dictate.toml").write_text("[kept]\nhistory_days = 36500\n")
    lines = run("dictate", "history").out.splitlines()
    assert lines[0].endswith("  written     Editor        An invoice for you.")
    assert lines[1].endswith("Two lines \\x1b[31m")
    assert run("dictate", "history", "INVOICE", "for").out.splitlines() == lines[:1]
    assert run("dictate", "history", "bill").message == "edgewise: no text has these words"
    assert run("dictate", "history", "--number", 1).out == "An invoice for you.\n"
    assert run("dictate", "history", "--number", 9).message == "edgewise: the history has no number 9"


def test_what_is_too_old_is_forgotten(texts: list[str], run: Run) -> None:
    assert run("dictate", "history").message == "edgewise: the history is empty"


def test_all_is_forgotten_when_it_is_asked_for(texts: list[str], run: Run) -> None:
    assert run("dictate", "history", "--clear").out == "2 texts are forgotten\n"
    assert run("dictate", "history").message == "edgewise: the history is empty"
