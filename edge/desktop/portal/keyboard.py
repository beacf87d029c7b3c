"""Keys pressed through the portal's RemoteDesktop: one session for as long as the program runs, allowed once."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import platformdirs

from ...errors import DesktopError
from ...files import replacing_file
from ..keysyms import MODIFIERS, NAMED, keysym_of
from .bus import Options, Portal

INTERFACE = "org.freedesktop.portal.RemoteDesktop"

_KEYBOARD = 1
_UNTIL_REVOKED = 2
_BETWEEN_LOOKS = 16


def token_path() -> Path:
    """Return where the token is kept that spares the user the same question again."""
    return Path(platformdirs.user_state_dir("edgewise")) / "portal-token"


class PortalKeyboard:
    """A keyboard that the desktop presses for us, by keysyms: its layout does not matter."""

    def __init__(self, token: Path | None = None) -> None:
        self._token = token or token_path()
        self._portal = Portal(INTERFACE)
        try:
            if not self._portal.has_it():
                raise DesktopError("the desktop portal here types nothing (it has no RemoteDesktop)")
            self._session = self._open()
        except DesktopError:
            self._portal.close()
            raise

    def type(self, text: str, may_go_on: Callable[[], bool]) -> int:
        """Type a text; return how many characters were typed before `may_go_on` said no."""
        for at, character in enumerate(text):
            if at % _BETWEEN_LOOKS == 0 and not may_go_on():
                return at
            self._tap(keysym_of(character))
        return len(text)

    def press(self, name: str, modifiers: frozenset[str] = frozenset(), times: int = 1) -> None:
        """Press a key with modifiers held."""
        held = [NAMED[MODIFIERS[modifier]] for modifier in sorted(modifiers)]
        for keysym in held:
            self._key(keysym, is_down=True)
        for _ in range(times):
            self._tap(NAMED.get(name) or keysym_of(name))
        for keysym in reversed(held):
            self._key(keysym, is_down=False)

    def close(self) -> None:
        """End the session."""
        self._portal.close()

    def _tap(self, keysym: int) -> None:
        for is_down in (True, False):
            self._key(keysym, is_down=is_down)

    def _key(self, keysym: int, *, is_down: bool) -> None:
        self._portal.call("NotifyKeyboardKeysym", "oa{sv}iu", self._session, {}, keysym, int(is_down))

    def _open(self) -> str:
        session = self._portal.open_session()
        options: Options = {"types": ("u", _KEYBOARD), "persist_mode": ("u", _UNTIL_REVOKED)}
        with suppress(OSError):
            options["restore_token"] = ("s", self._token.read_text(encoding="utf-8"))
        self._portal.request("SelectDevices", "oa{sv}", session, options=options)
        started = self._portal.request("Start", "osa{sv}", session, "")
        if not started.get("devices", 0) & _KEYBOARD:
            raise DesktopError("the desktop allows no keyboard; allow it when it asks, or type by the clipboard")
        if token := started.get("restore_token"):
            self._token.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with replacing_file(self._token) as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(str(token).encode())
        return session
