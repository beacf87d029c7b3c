"""The contract of what macOS and Windows get, against a keyboard that stands in for pynput's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.desktop.chords import parse_chord
from edge.desktop.protocol import Key, KeyEvent, Trigger, Way
from edge.desktop.typist import DesktopTypist


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "stand"))
    loaded = ("pynput", "pynput.keyboard", "edge.desktop.elsewhere")
    before = {name: sys.modules.pop(name, None) for name in loaded}
    from pynput import keyboard

    yield keyboard
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


def test_keys_are_heard_once_for_each_press(stand: Any) -> None:
    from edge.desktop.elsewhere import PynputTrigger

    events: list[KeyEvent] = []
    trigger: Trigger = PynputTrigger({Key.DICTATE: parse_chord("ctrl+alt+d"), Key.CANCEL: parse_chord("esc")})
    trigger.start(events.append)
    (listener,) = stand.LISTENERS
    listener.press(stand.KeyCode("d"))
    listener.press(stand.Key.esc)
    assert events == []
    for key in (stand.Key.ctrl_r, stand.Key.alt_l, stand.KeyCode("D"), stand.KeyCode("D")):
        listener.press(key)
    trigger.hear_cancel(True)
    listener.press(stand.Key.esc)
    for key in (stand.Key.ctrl_r, stand.KeyCode("D"), stand.Key.esc):
        listener.release(key)
    assert [(event.key, event.is_down) for event in events] == [
        (Key.DICTATE, True),
        (Key.CANCEL, True),
        (Key.DICTATE, False),
        (Key.CANCEL, False),
    ]
    trigger.close()
    assert stand.LISTENERS == []


def test_text_is_typed(stand: Any) -> None:
    from edge.desktop.elsewhere import PynputHands

    typist = DesktopTypist(PynputHands())
    assert typist.deliver("Größe 漢字").way is Way.KEYS
    assert "".join(stand.TYPED) == "Größe 漢字"
    typist.close()
