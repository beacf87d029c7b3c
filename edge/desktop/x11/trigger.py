"""Keys by XGrabKey: they are ours wherever the focus is, and nobody else sees them."""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import product
from typing import Any

from Xlib import X, error

from ...errors import DesktopError
from ..chords import Chord
from ..protocol import Key, KeyEvent
from .connection import connect, disconnect, refusal
from .keymap import MODIFIERS, Keymap, modifier_masks

_JOIN_S = 5.0
_REPEAT_MS = 2
"""Milliseconds within which a press that follows a release is the repetition of a key that is held."""


class KeyGrab:
    """The dictation's keys, taken from the X server."""

    name = "X11 key grab"
    tells_release = True

    def __init__(self, chords: Mapping[Key, Chord]) -> None:
        self._chords = chords
        self._display = connect()
        self._wake_read, self._wake_write = os.pipe()
        self._wants_cancel = self._is_closing = False
        self._grabbed: dict[Key, tuple[int, int]] = {}
        self._down: set[Key] = set()
        self._events: deque[Any] = deque()
        self._thread: threading.Thread | None = None

    def start(self, heard: Callable[[KeyEvent], None]) -> None:
        """Take the keys and hear them from now on, in a thread of its own."""
        for key in self._chords:
            if key is not Key.CANCEL:
                self._grab(key)
        self._thread = threading.Thread(target=self._listen, args=(heard,), name="edgewise keys", daemon=True)
        self._thread.start()

    def hear_cancel(self, is_on: bool) -> None:
        """Take the cancel key, or give it back; where another program has it, it stays there."""
        self._wants_cancel = is_on
        os.write(self._wake_write, b"c")

    def close(self) -> None:
        """Give the keys back."""
        self._is_closing = True
        os.write(self._wake_write, b"q")
        if self._thread:
            self._thread.join(_JOIN_S)
        disconnect(self._display)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _listen(self, heard: Callable[[KeyEvent], None]) -> None:
        with suppress(error.ConnectionClosedError):
            self._listen_on(heard)

    def _listen_on(self, heard: Callable[[KeyEvent], None]) -> None:
        while not self._is_closing:
            self._fetch()
            while self._events:
                self._handle(self._events.popleft(), heard)
            self._settle_cancel()
            if self._display.pending_events():  # what came while the server was asked something wakes nobody
                continue
            ready, _, _ = select.select([self._display.fileno(), self._wake_read], [], [])
            if self._wake_read in ready:
                os.read(self._wake_read, 64)

    def _fetch(self) -> None:
        while self._display.pending_events():
            self._events.append(self._display.next_event())

    def _handle(self, event: Any, heard: Callable[[KeyEvent], None]) -> None:
        if event.type == X.MappingNotify:
            self._display.refresh_keyboard_mapping(event)
            self._follow_layout()
            return
        if event.type not in (X.KeyPress, X.KeyRelease):
            return
        is_down = event.type == X.KeyPress
        key = self._key_of(event, is_down=is_down)
        if key is None or is_down == (key in self._down) or (not is_down and self._repeats(event)):
            return
        (self._down.add if is_down else self._down.discard)(key)
        heard(KeyEvent(key, is_down, time.monotonic()))

    def _repeats(self, release: Any) -> bool:
        """Whether the key is held on: it repeats as pairs of a release and a press, which come together.

        Whether the server has it down by now tells nothing: this thread may be late, and the key be up or down again.
        """
        self._display.sync()  # what came with the release is there
        self._fetch()
        return any(
            event.type == X.KeyPress and event.detail == release.detail and event.time - release.time < _REPEAT_MS
            for event in self._events
        )

    def _key_of(self, event: Any, *, is_down: bool) -> Key | None:
        """Return which of our keys it is: two may be one key with other modifiers, of which one may be up already."""
        ours = [key for key, (keycode, _) in self._grabbed.items() if keycode == event.detail]
        held = [key for key in ours if key in self._down]
        if held or not is_down:
            return held[0] if held else None
        modifiers = event.state & sum(modifier_masks(self._display).get(name, 0) for name in MODIFIERS)
        return next((key for key in ours if self._grabbed[key][1] == modifiers), None)

    def _settle_cancel(self) -> None:
        if self._wants_cancel and Key.CANCEL in self._chords and Key.CANCEL not in self._grabbed:
            with suppress(DesktopError):
                self._grab(Key.CANCEL)
        elif not self._wants_cancel and Key.CANCEL in self._grabbed:
            self._ungrab(Key.CANCEL)

    def _follow_layout(self) -> None:
        """Take the keys again where a new layout has them elsewhere."""
        for key in list(self._grabbed):
            if self._place(key) != self._grabbed[key]:
                self._ungrab(key)
                with suppress(DesktopError):
                    self._grab(key)

    def _place(self, key: Key) -> tuple[int, int]:
        masks = modifier_masks(self._display)
        chord = self._chords[key]
        missing = chord.modifiers - masks.keys()
        if missing:
            raise DesktopError(f"no key of this keyboard is {' or '.join(sorted(missing))}; choose another for {key}")
        return Keymap.of(self._display).keycode(chord.key), sum(masks[name] for name in chord.modifiers)

    def _locks(self) -> Iterator[int]:
        """Yield each combination of Caps Lock and Num Lock, with which a key is another to the server."""
        number = modifier_masks(self._display).get("num", 0)
        yield from {caps | num for caps, num in product((0, X.LockMask), (0, number))}

    def _grab(self, key: Key) -> None:
        keycode, mask = self._place(key)
        for lock in self._locks():
            if refusal(self._display, partial(self._grab_one, keycode, mask | lock)) is not None:
                raise DesktopError(
                    f"the key {self._chords[key]} is taken by another program; choose another, or free it in the "
                    "settings of the desktop"
                )
        self._grabbed[key] = keycode, mask

    def _grab_one(self, keycode: int, mask: int, caught: Any) -> None:
        root = self._display.screen().root
        root.grab_key(keycode, mask, False, X.GrabModeAsync, X.GrabModeAsync, onerror=caught)

    def _ungrab(self, key: Key) -> None:
        keycode, mask = self._grabbed.pop(key)
        self._down.discard(key)
        for lock in self._locks():
            self._display.screen().root.ungrab_key(keycode, mask | lock)
        self._display.flush()
