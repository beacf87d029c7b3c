from __future__ import annotations

import sys

import pytest

from edge.desktop import choose
from edge.desktop.choose import Desktop, choose_trigger, choose_typist, this_desktop, try_ways
from edge.desktop.chords import Chord
from edge.desktop.protocol import Key
from edge.errors import DesktopError


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_the_desktop_is_known_by_its_environment(bare: pytest.MonkeyPatch) -> None:
    assert this_desktop() is Desktop.NONE
    bare.setenv("DISPLAY", ":9")
    assert this_desktop() is Desktop.X11
    bare.setenv("WAYLAND_DISPLAY", "wayland-9")
    assert this_desktop() is Desktop.WAYLAND
    bare.setattr(sys, "platform", "darwin")
    assert this_desktop() is Desktop.MACOS


def test_where_there_is_no_desktop_it_is_said(bare: pytest.MonkeyPatch) -> None:
    with pytest.raises(DesktopError, match="there is no desktop"):
        choose_trigger({Key.DICTATE: Chord("F9")})
    with pytest.raises(DesktopError, match="there is no desktop"):
        choose_typist()


def test_what_is_missing_is_said_in_one_line(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("DISPLAY", ":9")
    bare.setattr(choose, "find_spec", lambda name: None)
    for use in (lambda: choose_trigger({Key.DICTATE: Chord("F9")}), choose_typist, try_ways):
        with pytest.raises(DesktopError) as failure:
            use()
        assert str(failure.value) == "keys and typing need python-xlib: pip install 'edgewise[dictate]'"


def test_a_display_that_does_not_answer_is_said(bare: pytest.MonkeyPatch) -> None:
    pytest.importorskip("Xlib")
    bare.setenv("DISPLAY", ":4321")
    with pytest.raises(DesktopError, match="the X11 display :4321 does not answer"):
        choose_typist()


def test_x11_has_all_of_it(display_name: str) -> None:
    trigger = choose_trigger({Key.DICTATE: Chord("F9")})
    trigger.start(lambda event: None)
    trigger.close()
    trials = try_ways()
    assert all(trial.works for trial in trials), trials
    choose_typist().close()
