"""Presses and releases become what a dictation does: hold, toggle, or whichever of both the user does."""

from __future__ import annotations

from enum import StrEnum

from .protocol import Key, KeyEvent

TAP_S = 0.4
"""Time below which a press is a tap."""


class Mode(StrEnum):
    """Meaning of the key."""

    HOLD = "hold"
    TOGGLE = "toggle"
    AUTO = "auto"
    """Held, it is push-to-talk; tapped, it toggles."""


class Command(StrEnum):
    """Order to a dictation, by a key or through its socket."""

    START = "start"
    STOP = "stop"
    TOGGLE = "toggle"
    CANCEL = "cancel"
    STATUS = "status"
    UNDO = "undo"
    """Delete what was typed last."""
    AGAIN = "again"
    """Type the newest text once more."""
    COPY = "copy"
    """Put a text of the history into the clipboard."""


class Gestures:
    """Meaning of presses and releases, given whether a dictation is on.

    A press begins to record at once in every mode: whether it was a tap is known only at its end.
    """

    def __init__(self, mode: Mode = Mode.AUTO, tap_s: float = TAP_S) -> None:
        self._mode = mode
        self._tap_s = tap_s
        self._began_s: float | None = None

    def command(self, event: KeyEvent, is_on: bool) -> Command | None:
        """Return what the event asks for; None for nothing."""
        if event.key is Key.CANCEL:
            return Command.CANCEL if event.is_down and is_on else None
        if event.key is Key.UNDO:
            return Command.UNDO if event.is_down else None
        if event.is_down:
            return self._press(event, is_on)
        began_s, self._began_s = self._began_s, None
        if began_s is None or not is_on:
            return None
        is_tap = self._mode is Mode.AUTO and event.time_s - began_s < self._tap_s
        return None if is_tap else Command.STOP

    def _press(self, event: KeyEvent, is_on: bool) -> Command | None:
        if is_on:
            return None if self._mode is Mode.HOLD else Command.STOP
        if self._mode is not Mode.TOGGLE:
            self._began_s = event.time_s
        return Command.START
