"""Typing under Wayland: by the compositor's virtual keyboard, else through the desktop portal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from ...errors import DesktopError
from ..chords import SELECTION_PASTE, TERMINAL_PASTE, Chord, paste_chord
from ..protocol import Target, Way
from .clipboard import TEXT_TYPES, Clipboard, text_content
from .eraser import erase_before_cursor
from .globals import DATA_CONTROL, INPUT_METHOD, TOPLEVELS, VIRTUAL_KEYBOARD, Globals, open_wayland
from .keyboard import Keyboard
from .windows import Windows

_NO_CLIPBOARD = "this compositor keeps its clipboard to programs with a window"


class Keys(Protocol):
    """A keyboard of our own."""

    def type(self, text: str, may_go_on: Callable[[], bool]) -> int:
        """Type a text; return how many characters were typed before `may_go_on` said no."""

    def press(self, name: str, modifiers: frozenset[str] = frozenset(), times: int = 1) -> None:
        """Press a key with modifiers held."""

    def close(self) -> None:
        """Remove the keyboard."""


class WaylandHands:
    """Types by a keyboard of our own; `chords` are the user's keys to paste, by the class of the program."""

    def __init__(self, chords: Mapping[str, Chord] | None = None) -> None:
        self._chords = {name.lower(): chord for name, chord in (chords or {}).items()}
        self._globals = open_wayland()
        try:
            self._keys, keys_way = _keyboard(self._globals)
            has_clipboard = any(map(self._globals.has, DATA_CONTROL))
            self._clipboard = Clipboard(self._globals) if has_clipboard else None
            self._windows = Windows(self._globals) if self._globals.has(TOPLEVELS) else None
        except DesktopError:
            self._globals.wire.close()
            raise
        self.ways = (keys_way, Way.PASTE) if self._clipboard else (keys_way,)
        """Ways there are; without control of the clipboard, keys alone."""

    @property
    def tells_focus(self) -> bool:
        """Whether the compositor lists its windows."""
        return self._windows is not None

    def focused(self) -> Target | None:
        """Return the window that has the focus."""
        return self._windows.focused() if self._windows else None

    def prepare(self) -> None:
        """Read the clipboard while there is time."""
        if self._clipboard:
            self._clipboard.read()

    def wait_until_up(self, timeout_s: float) -> bool:
        """Wait for nothing: what is held on the user's keyboard does not count for ours."""
        return True

    def can_type(self, text: str) -> bool:
        """Whether there are keys for all of a text: there are, our layout has whatever is asked for."""
        return True

    def composes(self) -> bool:
        """Whether an input method stands between our keys and programs: it reads the user's keyboard alone."""
        return False

    def type_keys(self, text: str, may_go_on: Callable[[], bool]) -> int:
        """Type a text; return how many characters were typed before `may_go_on` said no."""
        return self._keys.type(text, may_go_on)

    def erase(self, text: str) -> str:
        """Delete a text if the program says that it is right before the cursor; return why not, or nothing."""
        if not self._globals.has(INPUT_METHOD):
            return self.why_moved()
        return erase_before_cursor(self._globals, text)

    def paste_keys(self, target: Target | None) -> str:
        """Return the name of the keys that paste."""
        return str(self._paste_chord(target))

    def paste(self, text: str, target: Target | None, may_go_on: Callable[[], bool], timeout_s: float) -> bool | None:
        """Lend the clipboard to a text and press the keys; whether somebody read it."""
        if self._clipboard is None:
            raise DesktopError(_NO_CLIPBOARD)
        self._clipboard.lend(text)
        if not may_go_on():
            self._clipboard.restore()
            return None
        began_s = time.monotonic()
        chord = self._paste_chord(target)
        self._keys.press(chord.key, chord.modifiers)
        was_read = self._clipboard.wait_for_reader(began_s, timeout_s)
        (self._clipboard.restore if was_read else self._clipboard.keep)()
        return was_read

    def leave(self, text: str) -> None:
        """Leave a text in the clipboard."""
        if self._clipboard is None:
            raise DesktopError(f"the text cannot be left in the clipboard: {_NO_CLIPBOARD}")
        self._clipboard.put(text_content(text, is_private=False))

    def read(self) -> str:
        """Return the text in the clipboard."""
        content = self._clipboard.read() if self._clipboard else {}
        return next((content[kind].decode("utf-8", "replace") for kind in TEXT_TYPES if kind in content), "")

    def watch_cursor(self) -> None:
        """Notice nothing: no compositor tells of keys that are not ours."""

    def why_moved(self) -> str:
        """Return that nobody tells."""
        return "this desktop does not tell whether the cursor moved"

    def close(self) -> None:
        """Give everything back."""
        try:
            if self._clipboard:
                self._clipboard.close()
            self._keys.close()
        finally:
            self._globals.wire.close()

    def _paste_chord(self, target: Target | None) -> Chord:
        chord = paste_chord(target.application if target else "", self._chords)
        # X11's selection of the mouse is not theirs: they paste the clipboard by the keys of all terminals.
        return TERMINAL_PASTE if chord == SELECTION_PASTE else chord


def _keyboard(globals_: Globals) -> tuple[Keys, Way]:
    """Return the compositor's virtual keyboard, which asks nobody; else the portal's."""
    if globals_.has(VIRTUAL_KEYBOARD):
        return Keyboard(globals_), Way.VIRTUAL_KEYBOARD
    try:
        from ..portal.keyboard import PortalKeyboard
    except ImportError:
        raise DesktopError("typing through the portal needs jeepney: pip install 'edgewise[dictate]'") from None
    return PortalKeyboard(), Way.PORTAL
