"""Keys that the desktop gives out: the user sees which, and may choose others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from jeepney import HeaderFields, MatchRule, Message

from ...errors import DesktopError
from ..chords import Chord
from ..protocol import Key, KeyEvent
from .bus import Portal

INTERFACE = "org.freedesktop.portal.GlobalShortcuts"

_SAID = {Key.DICTATE: "Dictate", Key.CANCEL: "Cancel the dictation", Key.UNDO: "Delete what was dictated last"}
_MODIFIERS = {"ctrl": "CTRL", "alt": "ALT", "shift": "SHIFT", "super": "LOGO"}
_LOOK_S = 0.5
_JOIN_S = 5.0


class PortalShortcuts:
    """The dictation's keys, by GlobalShortcuts."""

    name = "desktop portal"
    tells_release = True

    def __init__(self, chords: Mapping[Key, Chord]) -> None:
        self._chords = chords
        self._portal = Portal(INTERFACE)
        if not self._portal.has_it():
            self._portal.close()
            raise DesktopError("the desktop portal here gives out no keys (it has no GlobalShortcuts)")
        self._wants_cancel = self._is_closing = False
        self._down: set[Key] = set()
        self._thread: threading.Thread | None = None

    def start(self, heard: Callable[[KeyEvent], None]) -> None:
        """Ask for the keys; the first time, the desktop asks the user."""
        self._portal.listen(MatchRule(type="signal", interface=INTERFACE))
        session = self._portal.open_session()
        keys = [
            (key, {"description": ("s", _SAID[key]), "preferred_trigger": ("s", trigger_of(chord))})
            for key, chord in self._chords.items()
        ]
        self._portal.request("BindShortcuts", "oa(sa{sv})sa{sv}", session, keys, "")
        self._thread = threading.Thread(target=self._listen, args=(session, heard), name="edgewise keys", daemon=True)
        self._thread.start()

    def hear_cancel(self, is_on: bool) -> None:
        """Hear the cancel key, or let it pass: the desktop keeps it either way."""
        self._wants_cancel = is_on

    def close(self) -> None:
        """Give the keys back."""
        self._is_closing = True
        if self._thread:
            self._thread.join(_JOIN_S)
        self._portal.close()

    def _listen(self, session: str, heard: Callable[[KeyEvent], None]) -> None:
        while not self._is_closing:
            try:
                message = self._portal.connection.receive(timeout=_LOOK_S)
            except TimeoutError:
                continue
            except OSError:
                return
            event = self._event_of(message, session)
            if event is not None:
                heard(event)

    def _event_of(self, message: Message, session: str) -> KeyEvent | None:
        member = message.header.fields.get(HeaderFields.member)
        if member not in ("Activated", "Deactivated") or message.body[0] != session:
            return None
        is_down = member == "Activated"
        key = next((key for key in self._chords if key == message.body[1]), None)
        if key is None or is_down == (key in self._down) or (key is Key.CANCEL and is_down and not self._wants_cancel):
            return None
        (self._down.add if is_down else self._down.discard)(key)
        return KeyEvent(key, is_down, time.monotonic())


def trigger_of(chord: Chord) -> str:
    """Return a chord as the portal writes it, such as "CTRL+ALT+d"."""
    return "+".join([*(_MODIFIERS[name] for name in _MODIFIERS if name in chord.modifiers), chord.key])
