"""Keys that are taken from the X server."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from benchmarks.desktop.hands import hold, press_key
from benchmarks.desktop.screen import Window, wait_for
from edge.desktop.chords import Chord, parse_chord
from edge.desktop.protocol import Key, KeyEvent
from edge.errors import DesktopError

OpenWindow = Callable[[str], Window]


@contextmanager
def _heard(dictate: str, cancel: str | None = None, undo: str | None = None) -> Iterator[tuple[Any, list[KeyEvent]]]:
    from edge.desktop.x11.trigger import KeyGrab

    named = {Key.DICTATE: dictate, Key.CANCEL: cancel, Key.UNDO: undo}
    trigger = KeyGrab({key: parse_chord(name) for key, name in named.items() if name})
    events: list[KeyEvent] = []
    try:
        trigger.start(events.append)
        yield trigger, events
    finally:
        trigger.close()


def _downs(events: list[KeyEvent]) -> list[bool]:
    return [event.is_down for event in events]


@pytest.mark.parametrize("key", ["F9", "ctrl+alt+d", "right ctrl", "Pause"])
def test_a_press_and_its_release(key: str, display: Any) -> None:
    chord = parse_chord(key)
    with _heard(key) as (_, events):
        with hold(display, *_modifier_keys(chord), chord.key):
            wait_for(lambda: _downs(events) == [True], "the press")
        wait_for(lambda: _downs(events) == [True, False], "the release")


def _modifier_keys(chord: Chord) -> list[str]:
    return [{"ctrl": "Control_L", "alt": "Alt_L"}[name] for name in sorted(chord.modifiers)]


def test_a_key_that_is_held_repeats_for_nobody(display: Any) -> None:
    with _heard("F9") as (_, events):
        with hold(display, "F9"):
            time.sleep(1.0)  # repeats begin after 0.66 s
            assert _downs(events) == [True]
        wait_for(lambda: len(events) > 1, "the release")
    assert _downs(events) == [True, False]
    assert 0.9 < events[1].time_s - events[0].time_s < 2


@pytest.mark.parametrize("presses", [1, 2])
def test_a_program_that_is_late_to_hear_hears_the_same(presses: int, display: Any) -> None:
    from edge.desktop.x11.trigger import KeyGrab

    events: list[KeyEvent] = []
    may_go_on = threading.Event()

    def take(event: KeyEvent) -> None:
        events.append(event)
        may_go_on.wait()

    trigger = KeyGrab({Key.DICTATE: parse_chord("F9")})
    try:
        trigger.start(take)
        for _ in range(presses):
            with hold(display, "F9"):
                time.sleep(0.8)  # repeats begin after 0.66 s
            time.sleep(0.05)
        may_go_on.set()
        wait_for(lambda: len(events) >= 2 * presses, "the last release")
        time.sleep(0.1)
        assert _downs(events) == [True, False] * presses
    finally:
        may_go_on.set()
        trigger.close()


def test_the_window_with_the_focus_does_not_see_the_key(display: Any, open_window: OpenWindow) -> None:
    window = open_window("tk")
    with _heard("d") as (_, events):
        press_key(display, "d")
        press_key(display, "e")
        assert window.comes_to("e") == "e"
        assert _downs(events) == [True, False]
    press_key(display, "d")
    assert window.comes_to("d") == "d"


@pytest.mark.parametrize("lock", ["Caps_Lock", "Num_Lock"])
def test_locks_make_no_other_key_of_it(lock: str, display: Any) -> None:
    press_key(display, lock)
    try:
        with _heard("F9") as (_, events):
            press_key(display, "F9")
            wait_for(lambda: len(events) == 2, "the key")
    finally:
        press_key(display, lock)


def test_a_key_that_is_taken_is_said(display_name: str) -> None:
    with _heard("F9"), pytest.raises(DesktopError, match="the key F9 is taken by another program; choose another"):
        _heard("F9").__enter__()


def test_a_key_that_no_keyboard_has_is_said(display_name: str) -> None:
    with pytest.raises(DesktopError, match="there is no key named 'Fn'"):
        _heard("Fn").__enter__()


def test_the_cancel_key_is_ours_only_while_it_is_asked_for(display: Any) -> None:
    with _heard("F9", "Escape") as (trigger, events):
        press_key(display, "Escape")
        trigger.hear_cancel(True)
        wait_for(lambda: _presses_escape(display, events), "the cancel key")
        trigger.hear_cancel(False)
        time.sleep(0.1)
        seen = len(events)
        press_key(display, "Escape")
        time.sleep(0.1)
        assert len(events) == seen
        assert {event.key for event in events} == {Key.CANCEL}


def _presses_escape(display: Any, events: list[KeyEvent]) -> bool:
    press_key(display, "Escape")
    time.sleep(0.02)
    return bool(events)


def test_the_key_follows_the_layout(display: Any) -> None:
    with _heard("ctrl+alt+z") as (_, events):
        subprocess.run(["setxkbmap", "de"], check=True)
        try:
            time.sleep(0.2)
            with hold(display, "Control_L", "Alt_L", "z"):
                wait_for(lambda: _downs(events) == [True], "the press")
        finally:
            subprocess.run(["setxkbmap", "us"], check=True)


def test_one_key_may_mean_two_things_with_and_without_a_modifier(display: Any) -> None:
    with _heard("F9", undo="shift+F9") as (_, events):
        press_key(display, "F9")
        wait_for(lambda: len(events) == 2, "the key")
        with hold(display, "Shift_L"), hold(display, "F9"):
            wait_for(lambda: len(events) == 3, "the key with Shift")
        wait_for(lambda: len(events) == 4, "its release")
    found = [(event.key, event.is_down) for event in events]
    assert found == [(key, is_down) for key in (Key.DICTATE, Key.UNDO) for is_down in (True, False)]


def test_the_release_is_that_of_the_press_whatever_is_held_by_then(display: Any) -> None:
    with _heard("F9", undo="shift+F9") as (_, events):
        with hold(display, "Shift_L") as let_go, hold(display, "F9"):
            wait_for(lambda: len(events) == 1, "the key with Shift")
            let_go()
        wait_for(lambda: len(events) == 2, "its release")
    assert [event.key for event in events] == [Key.UNDO, Key.UNDO]


def test_an_undo_key_that_is_taken_is_said(display_name: str) -> None:
    with _heard("F9"), pytest.raises(DesktopError, match="the key F9 is taken by another program"):
        _heard("F8", undo="F9").__enter__()
