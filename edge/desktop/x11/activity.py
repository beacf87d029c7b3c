"""Whether the user pressed a key or a button since a moment: the caret may be elsewhere then."""

from __future__ import annotations

import os
import select
import struct
import threading
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from Xlib import error
from Xlib.ext import ge, xinput

from ..chords import Chord
from .connection import connect, disconnect
from .keymap import MODIFIERS, modifier_keys, modifier_masks, strokes_of

_RAW = struct.Struct("=HII")
"""Device, time and key or button of a raw event, behind its head."""

_JOIN_S = 5.0
_EVENTS = xinput.RawKeyPressMask | xinput.RawButtonPressMask


class Activity:
    """Watches for the first key or button that is none of ours, and no longer than until then."""

    def __init__(self) -> None:
        self._display = connect()
        self.is_told = bool(self._display.has_extension("XInputExtension"))
        """Whether the server tells about keys and buttons at all."""
        self._has_come = False
        self._strokes: frozenset[tuple[int, int]] = frozenset()
        self._modifier_keys: frozenset[int] = frozenset()
        self._lock = threading.Lock()
        self._is_closing = False
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._watch, name="edgewise activity", daemon=True)
        if self.is_told:
            self._display.xinput_query_version()
            self._thread.start()

    @property
    def has_come(self) -> bool:
        """Whether there was any since `begin`; what is not told may have been."""
        if not self.is_told:
            return True
        with self._lock:
            self._take_events()
            return self._has_come

    def begin(self, own: Collection[Chord]) -> None:
        """Look from now on for any but modifiers and these keys, which no program sees."""
        if not self.is_told:
            return
        with self._lock:
            self._select(_EVENTS)
            self._display.sync()
            while self._display.pending_events():
                self._display.next_event()
            self._strokes, self._modifier_keys = strokes_of(self._display, own), modifier_keys(self._display)
            self._has_come = False
        os.write(self._wake_write, b"b")

    def close(self) -> None:
        """Stop looking."""
        self._is_closing = True
        os.write(self._wake_write, b"q")
        if self.is_told:
            self._thread.join(_JOIN_S)
        disconnect(self._display)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _select(self, mask: int) -> None:
        self._display.screen().root.xinput_select_events([(xinput.AllMasterDevices, mask)])

    def _watch(self) -> None:
        with suppress(error.ConnectionClosedError):
            while not self._is_closing:
                ready, _, _ = select.select([self._display.fileno(), self._wake_read], [], [])
                if self._wake_read in ready:
                    os.read(self._wake_read, 64)
                with self._lock:
                    self._take_events()

    def _take_events(self) -> None:
        self._display.sync()
        while self._display.pending_events():
            event = self._display.next_event()
            if not self._has_come and self._counts(event):
                self._has_come = True
                self._select(0)
                self._display.flush()

    def _counts(self, event: Any) -> bool:
        if event.type != ge.GenericEventCode or event.evtype not in (xinput.RawKeyPress, xinput.RawButtonPress):
            return False
        detail = _RAW.unpack_from(event.data)[2]
        if event.evtype == xinput.RawButtonPress:
            return True
        return detail not in self._modifier_keys and not self._is_own(detail)

    def _is_own(self, keycode: int) -> bool:
        """Whether a key is one of ours, with just the modifiers that are held."""
        if all(keycode != own for own, _ in self._strokes):
            return False
        masks = modifier_masks(self._display)
        held = self._display.screen().root.query_pointer().mask & sum(masks.get(name, 0) for name in MODIFIERS)
        return (keycode, held) in self._strokes
