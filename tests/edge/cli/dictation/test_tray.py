"""The menu of the icon in the panel."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from edge.cli.dictation.tray import TrayMenu
from edge.desktop.protocol import Entry, Key, KeyEvent
from edge.dictate.history import Entry as Kept
from edge.dictate.history import Fate
from edge.dictate.options import DictateOptions
from tests.edge.dictate.parts import Stage


def labels(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.label for entry in entries]


def by_label(menu: TrayMenu, label: str) -> Entry:
    return {entry.label: entry for entry in menu.entries()}[label]


def test_what_can_be_done_follows_what_goes_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions())
    menu = TrayMenu(stage.dictation, stage.history, stage.told.append)
    seen: list[list[str]] = []

    def press(*, is_down: bool) -> None:
        stage.dictation.heard(KeyEvent(Key.DICTATE, is_down, stage.clock()))

    stage.run(
        {
            0: partial(press, is_down=True),
            20: lambda: seen.append(labels(menu.entries())),
            50: partial(press, is_down=False),
            100: stage.dictation.end,
        }
    )
    assert seen == [["Listening", "Stop and write", "Cancel", "Undo", "", "Copy from the history", "", "Quit"]]
    assert labels(menu.entries())[:3] == ["Idle", "Dictate", "Cancel"]
    assert by_label(menu, "Cancel").act is None


def test_the_newest_texts_are_there_to_copy(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions())
    menu = TrayMenu(stage.dictation, stage.history, stage.told.append)
    assert labels(by_label(menu, "Copy from the history").entries) == ["Nothing is kept"]
    for text in ("one\ntwo", *(f"text {number} " * 10 for number in range(10))):
        stage.history.add(Kept(time.time(), text, text, Fate.WRITTEN))
    texts = by_label(menu, "Copy from the history").entries
    assert len(texts) == 10
    assert texts[0].label == "text 9 text 9 text 9 text 9 text 9 text 9 text 9 t\u2026"
    assert texts[0].act is not None
    texts[0].act()
    assert stage.told == ["there is no clipboard here; `edgewise dictate history` shows the texts"]


def test_a_history_that_cannot_be_read_is_no_end_of_the_menu(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions())
    (tmp_path / "history.sqlite").write_text("no database")
    (line,) = by_label(TrayMenu(stage.dictation, stage.history, stage.told.append), "Copy from the history").entries
    assert "the history cannot be used" in line.label
