"""Typing under X11: keys for what the layout has, else the clipboard with the program's own keys to paste."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Mapping

from Xlib import error
from Xlib.ext import xfixes

from ...errors import DesktopError
from ..characters import is_deleted_one_by_one
from ..chords import SELECTION_PASTE, Chord, is_terminal, paste_chord
from ..protocol import Delivery, Target, Way
from .activity import Activity
from .connection import connect
from .contents import Content, text_content
from .keyboard import press, type_keys, wait_until_up
from .keymap import Keymap, own_keycodes
from .selections import CLIPBOARD, PRIMARY, Selections, client_of
from .windows import focused_target

MOST_KEYS = 200
"""Length up to which a text is typed key by key: pasting is faster for more, and a program redraws once."""

KEYS_UP_S = 5.0
"""Time that the user has to let go of all keys."""

PASTED_S = 2.0
"""Time that a program has to ask for what it was told to paste."""

WAYS = (Way.KEYS, Way.PASTE)
"""Ways there are under X11, in the order in which they are preferred."""

_IN_CLIPBOARD = "the text is in the clipboard"


class X11Typist:
    """Types into whatever window has the focus.

    `ways` are those that work here, as a trial found; `chords` are the keys to paste, by the class of the program;
    `own_keys` are those of the dictation, which move no caret.
    """

    def __init__(
        self,
        ways: Collection[Way] = WAYS,
        chords: Mapping[str, Chord] | None = None,
        own_keys: Collection[Chord] = (),
    ) -> None:
        self._ways = frozenset(ways)
        self._own_keys = own_keys
        self._chords = {name.lower(): chord for name, chord in (chords or {}).items()}
        self._display = connect()
        self._selections = Selections()
        self._lock = threading.Lock()
        self._before: Content | None = None
        self._activity = Activity()
        self._last: tuple[Delivery, str] | None = None
        self._watch_clipboard()

    def focused(self) -> Target | None:
        """Return the window that has the focus."""
        with self._lock:
            return focused_target(self._display)

    def prepare(self) -> None:
        """Read the clipboard while there is time; it is read again only if it changes."""
        with self._lock:
            self._content_before()

    def deliver(self, text: str, target: Target | None = None, *, keep: bool = True) -> Delivery:
        """Type the text where the cursor is, once all keys are up, unless the focus moved away from `target`."""
        with self._lock:
            try:
                delivery = self._deliver(text, target or focused_target(self._display), keep)
                self._last = delivery, text
                self._activity.begin(own_keycodes(self._display, self._own_keys))
                return delivery
            except error.ConnectionClosedError as failure:
                raise DesktopError(f"the X11 server is gone ({failure}); the text was not typed") from failure

    def erase(self, delivery: Delivery) -> str:
        """Delete exactly what the last delivery typed; return why not, or nothing."""
        with self._lock:
            reason = self._why_not_erase(delivery)
            if not reason and delivery.target is not None:
                backspace = Keymap.of(self._display).stroke(Chord("BackSpace"))
                for _ in range(delivery.typed):
                    press(self._display, backspace)
                self._display.sync()
                self._last = None
            return reason

    def put(self, text: str) -> None:
        """Leave a text in the clipboard."""
        with self._lock:
            self._leave(text)

    def read(self) -> str:
        """Return the text in the clipboard."""
        return self._selections.read().text

    def close(self) -> None:
        """Give the clipboard back."""
        self._selections.close()
        self._activity.close()
        self._display.close()

    def _deliver(self, text: str, target: Target | None, keep: bool) -> Delivery:
        if not text:
            return Delivery(Way.NONE, 0, target)
        if target is None:
            return self._kept(text, 0, None, keep, "no window has the focus")
        if not wait_until_up(self._display, KEYS_UP_S):
            return self._kept(text, 0, target, keep, f"a key was held for {KEYS_UP_S:.0f} s")
        if not self._has_focus(target):
            return self._kept(text, 0, target, keep, "another window took the focus")
        keymap = Keymap.of(self._display)
        for way in self._order(text, keymap):
            if way is Way.KEYS:
                return self._by_keys(text, target, keymap, keep)
            return self._by_paste(text, target, keymap, keep)
        return self._kept(text, 0, target, keep, "no way of typing works here")

    def _why_not_erase(self, delivery: Delivery) -> str:
        if self._last is None or self._last[0] is not delivery or not delivery.typed or delivery.target is None:
            return "there is nothing to delete: only the last text that was typed can be"
        if not wait_until_up(self._display, KEYS_UP_S):
            return f"a key was held for {KEYS_UP_S:.0f} s"
        if not self._has_focus(delivery.target):
            return "another window has the focus"
        if self._activity.has_come:
            return "keys or buttons were pressed since; the cursor may be elsewhere"
        typed = self._last[1][: delivery.typed]
        if "\n" in typed and is_terminal(delivery.target.application):
            return "a terminal has obeyed the lines already"
        return "" if is_deleted_one_by_one(typed) else "some of its characters are made of several"

    def _order(self, text: str, keymap: Keymap) -> list[Way]:
        """Return the ways that can carry this text, best first.

        A line feed is pasted where that works: as a key it sends a message in half of all programs, and a tab moves to
        the next field. So is all text where an input method would compose other words of the keys.
        """
        if not keymap.can_type(text):
            return [way for way in (Way.PASTE,) if way in self._ways]
        is_for_keys = len(text) <= MOST_KEYS and not set(text) & set("\n\t") and not _has_input_method()
        order = (Way.KEYS, Way.PASTE) if is_for_keys else (Way.PASTE, Way.KEYS)
        return [way for way in order if way in self._ways]

    def _by_keys(self, text: str, target: Target, keymap: Keymap, keep: bool) -> Delivery:
        typed = type_keys(self._display, keymap, text, lambda: self._has_focus(target))
        if typed == len(text):
            return Delivery(Way.KEYS, typed, target)
        trouble = f"another window took the focus after {typed} of {len(text)} characters"
        return self._kept(text[typed:], typed, target, keep, trouble, what="the rest")

    def _by_paste(self, text: str, target: Target, keymap: Keymap, keep: bool) -> Delivery:
        chord = paste_chord(target.application, self._chords)
        name = PRIMARY if chord == SELECTION_PASTE else CLIPBOARD
        if not keymap.has(chord):
            chord = SELECTION_PASTE  # most programs know it, and no layout is without these keys
        before = self._content_before() if name == CLIPBOARD else self._selections.read(name)
        stroke = keymap.stroke(chord)
        self._selections.lend(text, before, name)
        if not self._has_focus(target):
            self._selections.restore()
            return self._kept(text, 0, target, keep, "another window took the focus")
        began_s = time.monotonic()
        press(self._display, stroke)
        self._display.sync()
        client = client_of(self._display, int(target.window, 16))
        if self._selections.wait_for_reader(client, began_s, PASTED_S):
            self._selections.restore()
            return Delivery(Way.PASTE, len(text), target)
        # It may still come: a program that hangs pastes when it is back. So the text stays, asked for or not.
        self._selections.keep()
        trouble = f"the window did not paste at {chord} within {PASTED_S:.0f} s; {_IN_CLIPBOARD}"
        return Delivery(Way.CLIPBOARD, 0, target, trouble)

    def _kept(
        self, text: str, typed: int, target: Target | None, keep: bool, why: str, what: str = "the text"
    ) -> Delivery:
        if not keep:
            return Delivery(Way.NONE, typed, target, f"{why}; {what} was not typed")
        self._leave(text)
        return Delivery(Way.CLIPBOARD, typed, target, f"{why}; {what} is in the clipboard")

    def _leave(self, text: str) -> None:
        self._selections.put(text_content(text, is_private=False))

    def _has_focus(self, target: Target) -> bool:
        found = focused_target(self._display)
        return found is not None and found.window == target.window

    def _watch_clipboard(self) -> None:
        """Have the server tell when somebody copies something."""
        if not self._display.has_extension("XFIXES"):
            return
        self._display.xfixes_query_version()
        atom = self._display.get_atom(CLIPBOARD)
        mask = xfixes.XFixesSetSelectionOwnerNotifyMask | xfixes.XFixesSelectionClientCloseNotifyMask
        self._display.xfixes_select_selection_input(self._display.screen().root, atom, mask)

    def _content_before(self) -> Content:
        while self._display.pending_events():
            self._display.next_event()
            self._before = None
        if self._before is None or not self._display.has_extension("XFIXES"):
            self._before = self._selections.read()
        return self._before


def _has_input_method() -> bool:
    name = os.environ.get("XMODIFIERS", "").partition("@im=")[2]
    return name not in ("", "none", "local")
