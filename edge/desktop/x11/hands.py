"""Typing under X11: keys by XTEST for what the layout has, and the clipboard with the program's own keys to paste."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping

from Xlib.ext import xfixes

from ..characters import why_not_one_by_one
from ..chords import SELECTION_PASTE, Chord, paste_chord
from ..protocol import Target, Way
from .activity import Activity
from .connection import connect, disconnect, told_when_gone
from .contents import Content, text_content
from .keyboard import press, type_keys, wait_until_up
from .keymap import Keymap
from .selections import CLIPBOARD, PRIMARY, Selections, client_of
from .windows import focused_target


class X11Hands:
    """Types under X11.

    `chords` are the user's keys to paste, by the class of the program; `own_keys` are those of the dictation, which
    move no cursor.
    """

    ways = (Way.KEYS, Way.PASTE)
    tells_focus = True

    def __init__(self, chords: Mapping[str, Chord] | None = None, own_keys: Collection[Chord] = ()) -> None:
        self._chords = {name.lower(): chord for name, chord in (chords or {}).items()}
        self._own_keys = own_keys
        self._display = connect()
        self._selections = Selections()
        self._activity = Activity()
        self._before: Content | None = None
        self._watch_clipboard()

    @told_when_gone
    def focused(self) -> Target | None:
        """Return the window that has the focus."""
        return focused_target(self._display)

    @told_when_gone
    def prepare(self) -> None:
        """Read the clipboard while there is time; it is read again only if it changes."""
        self._content_before()

    @told_when_gone
    def wait_until_up(self, timeout_s: float) -> bool:
        """Wait until no key is down; whether that came."""
        return wait_until_up(self._display, timeout_s)

    @told_when_gone
    def can_type(self, text: str) -> bool:
        """Whether the layout in use has all of a text."""
        return Keymap.of(self._display).can_type(text)

    def composes(self) -> bool:
        """Whether an input method stands between keys and programs."""
        return os.environ.get("XMODIFIERS", "").partition("@im=")[2] not in ("", "none", "local")

    @told_when_gone
    def type_keys(self, text: str, may_go_on: Callable[[], bool]) -> int:
        """Type a text by keys; return how many characters were typed before `may_go_on` said no."""
        return type_keys(self._display, Keymap.of(self._display), text, may_go_on)

    @told_when_gone
    def erase(self, text: str) -> str:
        """Delete a text by Backspace if the cursor is still behind it; return why not, or nothing."""
        if reason := self.why_moved() or why_not_one_by_one(text):
            return reason
        stroke = Keymap.of(self._display).stroke(Chord("BackSpace"))
        for _ in text:
            press(self._display, stroke)
        self._display.sync()
        return ""

    def paste_keys(self, target: Target | None) -> str:
        """Return the name of the keys that paste."""
        return str(self._paste_chord(target)[0])

    @told_when_gone
    def paste(self, text: str, target: Target | None, may_go_on: Callable[[], bool], timeout_s: float) -> bool | None:
        """Lend the clipboard to a text and press the keys; whether the window read it."""
        chord, name = self._paste_chord(target)
        before = self._content_before() if name == CLIPBOARD else self._selections.read(name)
        stroke = Keymap.of(self._display).stroke(chord)
        self._selections.lend(text, before, name)
        if target is None or not may_go_on():
            self._selections.restore()
            return None
        began_s = time.monotonic()
        press(self._display, stroke)
        self._display.sync()
        client = client_of(self._display, int(target.window, 16))
        was_read = self._selections.wait_for_reader(client, began_s, timeout_s)
        (self._selections.restore if was_read else self._selections.keep)()
        return was_read

    @told_when_gone
    def leave(self, text: str) -> None:
        """Leave a text in the clipboard."""
        self._selections.put(text_content(text, is_private=False))

    @told_when_gone
    def read(self) -> str:
        """Return the text in the clipboard."""
        return self._selections.read().text

    @told_when_gone
    def watch_cursor(self) -> None:
        """Notice from now on whether a key or a button is pressed."""
        self._activity.begin(self._own_keys)

    @told_when_gone
    def why_moved(self) -> str:
        """Return why the cursor may be elsewhere; empty where it is not."""
        return "keys or buttons were pressed since; the cursor may be elsewhere" if self._activity.has_come else ""

    def close(self) -> None:
        """Give the clipboard back."""
        self._selections.close()
        self._activity.close()
        disconnect(self._display)

    def _paste_chord(self, target: Target | None) -> tuple[Chord, str]:
        """Return the keys that paste, and the selection that they paste."""
        chord = paste_chord(target.application if target else "", self._chords)
        name = PRIMARY if chord == SELECTION_PASTE else CLIPBOARD
        # Most programs know these keys as well, and no layout is without them.
        return (chord if Keymap.of(self._display).has(chord) else SELECTION_PASTE), name

    def _watch_clipboard(self) -> None:
        """Have the server tell when somebody copies something."""
        if not self._display.has_extension("XFIXES"):
            return
        self._display.xfixes_query_version()
        atom = self._display.get_atom(CLIPBOARD)
        mask = xfixes.XFixesSetSelectionOwnerNotifyMask | xfixes.XFixesSelectionClientCloseNotifyMask
        self._display.xfixes_select_selection_input(self._display.screen().root, atom, mask)

    def _content_before(self) -> Content:
        self._display.sync()
        while self._display.pending_events():
            self._display.next_event()
            self._before = None
        if self._before is None or not self._display.has_extension("XFIXES"):
            self._before = self._selections.read()
        return self._before
