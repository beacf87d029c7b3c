"""The desktop's notifications, by the session bus."""

from __future__ import annotations

import html
import threading

from jeepney import DBusAddress, MessageFlag, new_method_call
from jeepney.io.blocking import open_dbus_connection

from ...errors import DesktopError

_SERVICE = DBusAddress(
    "/org/freedesktop/Notifications", "org.freedesktop.Notifications", "org.freedesktop.Notifications"
)
_USUAL_TIME = -1


class Notifications:
    """Shows sentences for a moment. Nobody waits for them, and where nothing shows them they are lost."""

    def __init__(self) -> None:
        """Begin; DesktopError where there is no session bus."""
        try:
            self._connection = open_dbus_connection("SESSION")
        except (KeyError, OSError, ValueError) as error:
            raise DesktopError(f"there is no session bus, so no notifications ({error!r})") from error
        self._lock = threading.Lock()

    def show(self, title: str, text: str) -> None:
        """Show a sentence; any thread may.

        Raises:
            DesktopError: the bus is gone.
        """
        words = title, html.escape(text, quote=False)
        body: tuple[object, ...] = ("edgewise", 0, "audio-input-microphone", *words, [], {}, _USUAL_TIME)
        message = new_method_call(_SERVICE, "Notify", "susssasa{sv}i", body)
        message.header.flags = MessageFlag.no_reply_expected
        try:
            with self._lock:
                self._connection.send(message)
        except (OSError, TimeoutError) as error:
            raise DesktopError(f"the session bus takes no notifications ({error!r})") from error

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
