"""A backend for the real xdg-desktop-portal: python portal_backend.py FILE.

It gives out the keys that it is asked for, and presses them when a line says so: "Activated dictate". The keysyms that
it is told to press go into the file, a line each.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    message_bus,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import DBusConnection, open_dbus_connection

NAME = "org.freedesktop.impl.portal.desktop.edgewise"
SHORTCUTS = "org.freedesktop.impl.portal.GlobalShortcuts"
REMOTE = "org.freedesktop.impl.portal.RemoteDesktop"
_PATH = "/org/freedesktop/portal/desktop"
_PROPERTIES = {"version": ("u", 1), "AvailableDeviceTypes": ("u", 7)}

Answer = tuple[str, tuple[Any, ...]]


class Backend:
    def __init__(self, keysyms: Path) -> None:
        self.keysyms = keysyms
        self.session = ""

    def answer(self, member: str, body: tuple[Any, ...]) -> Answer:
        """The signature and the values that a call returns."""
        granted: dict[str, tuple[str, Any]] = {}
        if member == "Get":
            return "v", (_PROPERTIES[body[1]],)
        if member == "GetAll":
            return "a{sv}", (_PROPERTIES,)
        if member == "NotifyKeyboardKeysym":
            with self.keysyms.open("a") as file:
                file.write(f"{body[2]} {body[3]}\n")
            return "", ()
        if member == "CreateSession":
            self.session = body[1]
        elif member == "BindShortcuts":
            keys = [(name, {**options, "trigger_description": ("s", name)}) for name, options in body[2]]
            granted = {"shortcuts": ("a(sa{sv})", keys)}
        elif member == "Start":
            granted = {"devices": ("u", 1)}
        elif member != "SelectDevices":
            return "", ()
        return "ua{sv}", (0, granted)


def press(connection: DBusConnection, backend: Backend) -> None:
    for line in sys.stdin:
        member, key = line.split()
        path = DBusAddress(_PATH, interface=SHORTCUTS)
        connection.send(new_signal(path, member, "osta{sv}", (backend.session, key, 1, {})))


def main() -> None:
    connection = open_dbus_connection("SESSION")
    backend = Backend(Path(sys.argv[1]))
    connection.send_and_get_reply(new_method_call(message_bus, "RequestName", "su", (NAME, 0)))
    threading.Thread(target=press, args=(connection, backend), daemon=True).start()
    print("ready", flush=True)
    while True:
        message: Message = connection.receive()
        if message.header.message_type is MessageType.method_call:
            signature, values = backend.answer(message.header.fields[HeaderFields.member], message.body)
            connection.send(new_method_return(message, signature or None, values))


main()
