"""A window of our own under X11 that shows what each way types."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Iterable
from typing import Any

from Xlib import X, Xutil

from ..protocol import Trial, Way
from ..trial import try_on
from .connection import connect, disconnect
from .contents import read_selection
from .hands import X11Hands
from .keymap import Keymap, Stroke, modifier_masks
from .selections import CLIPBOARD

_FOCUS_S = 5.0
_MANAGED_S = 0.5
_STEADY_S = 0.1
_READ_S = 2.0
_JOIN_S = 5.0


def try_ways(ways: Iterable[Way] = X11Hands.ways) -> list[Trial]:
    """Type into a window of our own by each way, and say what came.

    The window opens for a moment and takes the focus.
    """
    hands = X11Hands()
    try:
        with _Sheet() as sheet:
            return try_on(sheet, hands, ways)
    finally:
        hands.close()


class _Sheet:
    """A window that understands keys and pasting, in a thread of its own."""

    def __init__(self) -> None:
        self._display = connect()
        self._text = ""
        self._changed = threading.Condition()
        self._has_focus = self._is_closing = False
        self._keymap: dict[tuple[int, int], str] = {}
        self._control = modifier_masks(self._display)["ctrl"]
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._serve, name="edgewise trial", daemon=True)

    def __enter__(self) -> _Sheet:
        screen = self._display.screen()
        mask = X.KeyPressMask | X.FocusChangeMask
        self._window = screen.root.create_window(
            100, 100, 400, 60, 0, X.CopyFromParent, background_pixel=screen.white_pixel, event_mask=mask
        )
        self._window.set_wm_name("edgewise tries to type here")
        self._window.set_wm_class("edgewise-trial", "edgewise-trial")
        self._window.set_wm_hints(flags=Xutil.InputHint, input=True)
        self._before = self._display.get_input_focus().focus
        self._window.map()
        self._display.flush()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closing = True
        os.write(self._wake_write, b"q")
        self._thread.join(_JOIN_S)
        self._window.destroy()
        if not isinstance(self._before, int):
            self._before.set_input_focus(X.RevertToParent, X.CurrentTime)
        disconnect(self._display)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def clear(self) -> None:
        """Forget what was typed."""
        with self._changed:
            self._text = ""

    def wait_for_focus(self) -> bool:
        """Wait until the keys come here and stay; whether they do."""
        until_s = time.monotonic() + _FOCUS_S
        while time.monotonic() < until_s:
            with self._changed:
                if not self._changed.wait_for(lambda: self._has_focus, _MANAGED_S):
                    # Where no window manager gives a new window the focus, it takes it.
                    self._window.set_input_focus(X.RevertToParent, X.CurrentTime)
                    self._display.sync()
                elif not self._changed.wait_for(lambda: not self._has_focus, _STEADY_S):
                    return True
        return False

    def wait_for(self, text: str) -> str:
        """Return what was typed, once it is the text or time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._text == text, _READ_S)
            return self._text

    def _serve(self) -> None:
        while not self._is_closing:
            while self._display.pending_events():
                self._handle(self._display.next_event())
            select.select([self._display.fileno(), self._wake_read], [], [])

    def _handle(self, event: Any) -> None:
        if event.type in (X.FocusIn, X.FocusOut) and event.mode == X.NotifyNormal:
            self._note(has_focus=event.type == X.FocusIn)
        elif event.type == X.KeyPress:
            self._note(self._typed(event))

    def _note(self, text: str = "", *, has_focus: bool | None = None) -> None:
        with self._changed:
            self._has_focus = self._has_focus if has_focus is None else has_focus
            self._text += text
            self._changed.notify_all()

    def _typed(self, event: Any) -> str:
        """Return what a key gives: a character, or the clipboard."""
        keymap = Keymap.of(self._display)
        if event.state & self._control:
            return read_selection(self._display, CLIPBOARD, targets=("UTF8_STRING",)).text
        return next((mark for mark, stroke in keymap.strokes.items() if _makes(keymap, stroke, event)), "")


def _makes(keymap: Keymap, stroke: Stroke, event: Any) -> bool:
    """Whether a press with what is held for it is this stroke."""
    shift, level3 = keymap.level_keys
    is_held = {shift: event.state & X.ShiftMask, level3: event.state & X.Mod5Mask}
    return stroke.keycode == event.detail and all(bool(is_held[key]) == (key in stroke.held) for key in is_held)
