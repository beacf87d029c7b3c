"""macOS and Windows through pynput. It keeps the protocols; on the systems themselves it has not been tried."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from pynput import keyboard

from ..errors import DesktopError
from .chords import Chord
from .protocol import Key, KeyEvent, Target, Way

_NAMES = {
    "Escape": "esc",
    "Return": "enter",
    "BackSpace": "backspace",
    "Page_Up": "page_up",
    "Page_Down": "page_down",
    "Print": "print_screen",
    "Scroll_Lock": "scroll_lock",
    "Caps_Lock": "caps_lock",
    "Control_L": "ctrl_l",
    "Control_R": "ctrl_r",
    "Alt_L": "alt_l",
    "Alt_R": "alt_r",
    "Shift_L": "shift_l",
    "Shift_R": "shift_r",
    "Super_L": "cmd_l",
    "Super_R": "cmd_r",
}
"""Names of pynput's keys that are not those of keysyms written small."""

_MODIFIERS = {"ctrl": "ctrl", "alt": "alt", "shift": "shift", "super": "cmd"}
_LOOK_S = 0.005


class PynputTrigger:
    """Keys of the whole system. They are heard, not taken: the window with the focus sees them as well."""

    name = "pynput"
    tells_release = True

    def __init__(self, chords: Mapping[Key, Chord]) -> None:
        self._keys = {key: (_key(chord.key), _modifiers(chord)) for key, chord in chords.items()}
        self._held: set[str] = set()
        self._down: set[Key] = set()
        self._wants_cancel = False
        self._heard: Callable[[KeyEvent], None] | None = None
        self._listener: Any = keyboard.Listener(on_press=self._on_press, on_release=self._on_release)

    def start(self, heard: Callable[[KeyEvent], None]) -> None:
        """Hear the keys from now on."""
        self._heard = heard
        self._listener.start()

    def hear_cancel(self, is_on: bool) -> None:
        """Hear the cancel key, or leave it to others."""
        self._wants_cancel = is_on

    def close(self) -> None:
        """Hear no more."""
        self._listener.stop()

    def _on_press(self, pressed: Any) -> None:
        name = _modifier_of(pressed)
        if name:
            self._held.add(name)
        for key, (own, modifiers) in self._keys.items():
            if key in self._down or not _is_same(own, pressed, self._listener) or modifiers - self._held:
                continue
            if key is not Key.CANCEL or self._wants_cancel:
                self._down.add(key)
                self._tell(key, is_down=True)

    def _on_release(self, released: Any) -> None:
        self._held.discard(_modifier_of(released))
        for key, (own, _) in self._keys.items():
            if key in self._down and _is_same(own, released, self._listener):
                self._down.discard(key)
                self._tell(key, is_down=False)

    def _tell(self, key: Key, *, is_down: bool) -> None:
        if self._heard is not None:
            self._heard(KeyEvent(key, is_down, time.monotonic()))


class PynputHands:
    """Types by the system's own events, which carry any character; it knows neither the focus nor the cursor."""

    ways = (Way.KEYS,)
    tells_focus = False

    def __init__(self) -> None:
        self._keyboard: Any = keyboard.Controller()

    def focused(self) -> Target | None:
        """Return None: it is not told."""
        return None

    def prepare(self) -> None:
        """Do nothing: the clipboard is not lent."""

    def wait_until_up(self, timeout_s: float) -> bool:
        """Wait until no modifier is down, as far as this program's own keys tell."""
        until_s = time.monotonic() + timeout_s
        while self._keyboard.alt_pressed or self._keyboard.ctrl_pressed or self._keyboard.shift_pressed:
            if time.monotonic() > until_s:
                return False
            time.sleep(_LOOK_S)
        return True

    def can_type(self, text: str) -> bool:
        """Whether there are events for all of a text: there are."""
        return True

    def composes(self) -> bool:
        """Whether an input method stands between our events and programs: it does not."""
        return False

    def type_keys(self, text: str, may_go_on: Callable[[], bool]) -> int:
        """Type a text; return how many characters were typed."""
        if not may_go_on():
            return 0
        self._keyboard.type(text)
        return len(text)

    def erase(self, text: str) -> str:
        """Return why nothing is deleted."""
        return self.why_moved()

    def paste_keys(self, target: Target | None) -> str:
        """Return the name of the keys that paste."""
        return "cmd+v" if sys.platform == "darwin" else "ctrl+v"

    def paste(self, text: str, target: Target | None, may_go_on: Callable[[], bool], timeout_s: float) -> bool | None:
        """Refuse: the clipboard is not lent here."""
        raise DesktopError("text is typed rather than pasted on this system")

    def leave(self, text: str) -> None:
        """Leave a text in the clipboard."""
        command, encoding = (["pbcopy"], "utf-8") if sys.platform == "darwin" else (["clip"], "utf-16")
        try:
            subprocess.run(command, input=text.encode(encoding), check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise DesktopError(f"the text could not be left in the clipboard: {error}") from error

    def read(self) -> str:
        """Return the text in the clipboard."""
        is_mac = sys.platform == "darwin"
        command = ["pbpaste"] if is_mac else ["powershell", "-NoProfile", "-Command", "Get-Clipboard -Raw"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def watch_cursor(self) -> None:
        """Notice nothing."""

    def why_moved(self) -> str:
        """Return that nobody tells."""
        return "this desktop does not tell whether the cursor moved"

    def close(self) -> None:
        """Do nothing: nothing is held."""


def _key(name: str) -> Any:
    if len(name) == 1:
        return keyboard.KeyCode.from_char(name)
    found = getattr(keyboard.Key, _NAMES.get(name, name.lower()), None)
    if found is None:
        raise DesktopError(f"there is no key named {name!r} on this system")
    return found


def _modifiers(chord: Chord) -> frozenset[str]:
    return frozenset(_MODIFIERS[name] for name in chord.modifiers)


def _modifier_of(pressed: Any) -> str:
    """Return which modifier a key is, left or right; empty where it is none."""
    name = str(getattr(pressed, "name", "")).partition("_")[0]
    return name if name in _MODIFIERS.values() else ""


def _is_same(own: Any, pressed: Any, listener: Any) -> bool:
    return bool(own == pressed or own == listener.canonical(pressed))
