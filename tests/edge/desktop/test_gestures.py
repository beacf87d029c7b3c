from __future__ import annotations

import pytest

from edge.desktop.gestures import Command, Gestures, Mode
from edge.desktop.protocol import Key, KeyEvent


def _replay(mode: Mode, *keys: tuple[str, float]) -> list[str]:
    """Say what a dictation is told by presses ("d"), releases ("u") and the cancel key ("c"), at their times."""
    gestures, is_on, told = Gestures(mode), False, []
    for kind, time_s in keys:
        key = Key.CANCEL if kind == "c" else Key.DICTATE
        command = gestures.command(KeyEvent(key, kind != "u", time_s), is_on)
        if command is not None:
            told.append(f"{command} {time_s:g}")
            is_on = command is Command.START
    return told


@pytest.mark.parametrize(
    ("mode", "keys", "told"),
    [
        (Mode.HOLD, [("d", 0), ("u", 2)], ["start 0", "stop 2"]),
        (Mode.HOLD, [("d", 0), ("u", 0.1), ("d", 1), ("u", 3)], ["start 0", "stop 0.1", "start 1", "stop 3"]),
        (Mode.TOGGLE, [("d", 0), ("u", 2), ("d", 5), ("u", 5.1)], ["start 0", "stop 5"]),
        (Mode.AUTO, [("d", 0), ("u", 2)], ["start 0", "stop 2"]),
        (Mode.AUTO, [("d", 0), ("u", 0.39), ("d", 5), ("u", 7), ("d", 9)], ["start 0", "stop 5", "start 9"]),
        (Mode.AUTO, [("d", 0), ("u", 0.4)], ["start 0", "stop 0.4"]),
        (Mode.HOLD, [("d", 0), ("c", 1), ("u", 2), ("c", 3), ("d", 4)], ["start 0", "cancel 1", "start 4"]),
        (Mode.AUTO, [("d", 0), ("u", 0.1), ("c", 1), ("d", 4)], ["start 0", "cancel 1", "start 4"]),
    ],
)
def test_what_keys_mean(mode: Mode, keys: list[tuple[str, float]], told: list[str]) -> None:
    assert _replay(mode, *keys) == told


def test_a_release_after_the_dictation_ended_by_itself_means_nothing() -> None:
    gestures = Gestures(Mode.HOLD)
    assert gestures.command(KeyEvent(Key.DICTATE, True, 0.0), is_on=False) is Command.START
    assert gestures.command(KeyEvent(Key.DICTATE, False, 9.0), is_on=False) is None


def test_a_hold_that_the_socket_began_is_ended_by_a_press() -> None:
    assert Gestures(Mode.AUTO).command(KeyEvent(Key.DICTATE, True, 0.0), is_on=True) is Command.STOP
