"""A session bus of our own, and a panel on it that shows icons as panels do."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from benchmarks.desktop.screen import wait_for

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"

Line = tuple[int, str, bool, list[Any]]
"""Number, words, whether it can be chosen, and the lines below."""


@contextmanager
def session_bus(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a bus with nothing on it, and its process."""
    if not shutil.which("dbus-daemon"):
        pytest.skip("no bus: apt install dbus")
    address = f"unix:path={folder}/bus"
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={address}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for((folder / "bus").exists, "the bus")
        yield address, process
    finally:
        process.kill()
        process.wait()


class Panel:
    """A watcher of icons and a host that draws them, in one."""

    def __init__(self, address: str) -> None:
        from jeepney import MatchRule, message_bus, new_method_call
        from jeepney.io.blocking import open_dbus_connection

        self._bus = open_dbus_connection(address)
        self.item = ""
        """Name of the icon that asked to be shown."""
        for interface in (ITEM, MENU):
            rule = MatchRule(type="signal", interface=interface).serialise()
            self._bus.send_and_get_reply(new_method_call(message_bus, "AddMatch", "s", (rule,)))
        self._bus.send_and_get_reply(new_method_call(message_bus, "RequestName", "su", (WATCHER, 0)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bus.close()

    def wait_for_item(self) -> None:
        while not self.item:
            self._take(self._bus.receive(timeout=5))

    def wait_for_signal(self, name: str) -> tuple[Any, ...]:
        """What the next signal of a name says."""
        from jeepney import HeaderFields

        while True:
            message = self._bus.receive(timeout=5)
            self._take(message)
            if message.header.fields.get(HeaderFields.member) == name:
                return tuple(message.body)

    def call(self, path: str, interface: str, member: str, signature: str = "", *body: object) -> Any:
        """What a call to the icon returns; the name of the error where it fails."""
        from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call

        address = DBusAddress(path, self.item, interface)
        reply = self._bus.send_and_get_reply(new_method_call(address, member, signature or None, body), timeout=5)
        if reply.header.message_type is MessageType.error:
            return reply.header.fields[HeaderFields.error_name]
        return reply.body[0] if len(reply.body) == 1 else tuple(reply.body)

    def properties(self) -> dict[str, Any]:
        found = self.call("/StatusNotifierItem", "org.freedesktop.DBus.Properties", "GetAll", "s", ITEM)
        return {name: value for name, (_, value) in found.items()}

    def menu(self) -> list[Line]:
        self.call("/MenuBar", MENU, "AboutToShow", "i", 0)
        _, root = self.call("/MenuBar", MENU, "GetLayout", "iias", 0, -1, [])
        return [_line(each) for _, each in root[2]]

    def line(self, label: str) -> int:
        """The number of a line of the menu, or of those below."""
        lines = [line for top in self.menu() for line in (top, *top[3])]
        numbers: dict[str, int] = {words: number for number, words, _, _ in lines}
        return numbers[label]

    def choose(self, number: int) -> None:
        self.call("/MenuBar", MENU, "Event", "isvu", number, "clicked", ("s", ""), 0)

    def _take(self, message: Any) -> None:
        from jeepney import HeaderFields

        if message.header.fields.get(HeaderFields.member) == "RegisterStatusNotifierItem":
            self.item = message.body[0]


def _line(layout: tuple[int, dict[str, Any], list[Any]]) -> Line:
    number, values, below = layout
    is_on = values.get("enabled", ("b", True))[1] and "type" not in values
    return number, values.get("label", ("s", ""))[1], is_on, [_line(each) for _, each in below]
