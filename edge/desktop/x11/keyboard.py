"""Keys pressed by XTEST, which programs take for the user's."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from Xlib import X

from .keymap import Keymap, Stroke, held_keys

_BETWEEN_LOOKS = 16
"""Characters typed between two looks at who has the focus."""

_PAUSE_S = 0.002
"""Time a program gets for as many characters: some lose keys that come faster than they draw."""

_LOOK_S = 0.005


def press(display: Any, stroke: Stroke) -> None:
    """Press and release a key, with the keys held for it."""
    for keycode in stroke.held:
        display.xtest_fake_input(X.KeyPress, keycode)
    display.xtest_fake_input(X.KeyPress, stroke.keycode)
    display.xtest_fake_input(X.KeyRelease, stroke.keycode)
    for keycode in reversed(stroke.held):
        display.xtest_fake_input(X.KeyRelease, keycode)


def type_keys(display: Any, keymap: Keymap, text: str, may_go_on: Callable[[], bool]) -> int:
    """Type a text that the layout has; return how many characters were typed before `may_go_on` said no."""
    for at in range(0, len(text), _BETWEEN_LOOKS):
        if not may_go_on():
            return at
        for character in text[at : at + _BETWEEN_LOOKS]:
            press(display, keymap.strokes[character])
        display.sync()
        time.sleep(_PAUSE_S)
    return len(text)


def wait_until_up(display: Any, timeout_s: float) -> bool:
    """Wait until no key is down: a modifier that is held would turn the text into commands. Whether that came."""
    until_s = time.monotonic() + timeout_s
    while any(held_keys(display)):
        if time.monotonic() > until_s:
            return False
        time.sleep(_LOOK_S)
    return True
