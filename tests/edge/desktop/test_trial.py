"""The window that says which ways of typing work."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.desktop.screen import Window, wait_for
from edge.desktop.protocol import Way
from edge.desktop.typist import DesktopTypist


@pytest.mark.parametrize("layout", ["us", "de"])
def test_both_ways_work_here(layout: str, display_name: str) -> None:
    from edge.desktop.x11.trial import try_ways

    subprocess.run(["setxkbmap", layout], check=True)
    try:
        trials = try_ways()
    finally:
        subprocess.run(["setxkbmap", "us"], check=True)
    assert [(trial.way, trial.works) for trial in trials] == [(Way.KEYS, True), (Way.PASTE, True)], trials
    assert trials[0].finding.endswith("characters were read back as they were typed")


def test_what_was_read_back_instead_is_said(display_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.desktop.x11 import hands, trial
    from edge.desktop.x11.keyboard import type_keys

    def lose_one(display: Any, keymap: Any, text: str, may_go_on: Callable[[], bool]) -> int:
        return type_keys(display, keymap, text[1:], may_go_on) + 1

    monkeypatch.setattr(hands, "type_keys", lose_one)
    monkeypatch.setattr(trial, "_READ_S", 0.3)
    (found,) = trial.try_ways([Way.KEYS])
    assert not found.works
    assert found.finding.startswith("expected 'The quick brown")
    assert "read back 'he quick brown" in found.finding


def test_the_window_that_had_the_focus_has_it_again(display_name: str, open_window: Callable[[str], Window]) -> None:
    from edge.desktop.x11.hands import X11Hands
    from edge.desktop.x11.trial import try_ways

    open_window("tk")
    typist = DesktopTypist(X11Hands())
    try:
        before = typist.focused()
        assert all(trial.works for trial in try_ways())
        wait_for(lambda: typist.focused() == before, "the focus to come back")
    finally:
        typist.close()
