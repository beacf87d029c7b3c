"""The portal on the session bus: requests that are answered later, by a signal, often after the user was asked."""

from __future__ import annotations

import itertools
import os
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, Properties, message_bus, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from ...errors import DesktopError

_PATH = "/org/freedesktop/portal/desktop"
_NAME = "org.freedesktop.portal.Desktop"
_REQUEST = "org.freedesktop.portal.Request"

_CALL_S = 5.0
_USER_S = 120.0
"""Time that the user has to answer a question of the desktop's."""

Options = dict[str, tuple[str, Any]]
"""Options by name, with their D-Bus types."""

_ENDS = {1: "you refused it", 2: "the desktop ended it"}


class Portal:
    """A connection to the portal, for one interface. It is for one thread at a time."""

    def __init__(self, interface: str) -> None:
        self.interface = interface
        try:
            self.connection: DBusConnection = open_dbus_connection("SESSION")
        except (KeyError, OSError, ValueError) as error:
            raise DesktopError(f"there is no session bus, so no desktop portal ({error!r})") from error
        self._numbers = itertools.count(1)

    def close(self) -> None:
        """End the connection, and with it the sessions made on it."""
        self.connection.close()

    def has_it(self) -> bool:
        """Whether the portal offers the interface: it does where the desktop's backend has it."""
        asked = Properties(DBusAddress(_PATH, _NAME, self.interface)).get("version")
        try:
            reply = self.connection.send_and_get_reply(asked, timeout=_CALL_S)
        except (OSError, TimeoutError):
            return False
        return bool(reply.header.message_type is MessageType.method_return)

    def call(self, member: str, signature: str, *body: object) -> tuple[Any, ...]:
        """Ask for a method; return what it returned.

        Raises:
            DesktopError: the portal refused or does not answer.
        """
        message = new_method_call(DBusAddress(_PATH, _NAME, self.interface), member, signature, body)
        try:
            reply = self.connection.send_and_get_reply(message, timeout=_CALL_S)
        except (OSError, TimeoutError) as error:
            raise DesktopError(f"the desktop portal does not answer {member} ({error!r})") from error
        if reply.header.message_type is MessageType.error:
            name = reply.header.fields.get(HeaderFields.error_name, "an error")
            raise DesktopError(f"the desktop portal refused {member}: {name} {' '.join(map(str, reply.body))}")
        return tuple(reply.body)

    def request(self, member: str, signature: str, *body: object, options: Options | None = None) -> dict[str, Any]:
        """Make a request and wait for its answer, which may take as long as the user does.

        Raises:
            DesktopError: it was refused.
        """
        token = f"edgewise_{os.getpid()}_{next(self._numbers)}"
        sender = str(self.connection.unique_name)[1:].replace(".", "_")
        path = f"{_PATH}/request/{sender}/{token}"
        rule = MatchRule(type="signal", interface=_REQUEST, member="Response", path=path)
        with self.connection.filter(rule) as answers:
            # It may come before the call returns, so that it is listened for first.
            self.listen(rule)
            self.call(member, signature, *body, {"handle_token": ("s", token), **(options or {})})
            try:
                end, results = self.connection.recv_until_filtered(answers, timeout=_USER_S).body
            except (OSError, TimeoutError) as error:
                raise DesktopError(f"nobody answered the desktop's question about {member}") from error
        if end:
            raise DesktopError(f"the desktop portal did not grant {member}: {_ENDS.get(end, f'code {end}')}")
        return {name: value for name, (_, value) in results.items()}

    def open_session(self) -> str:
        """Open a session, which lasts as long as the connection; return its path."""
        token = f"edgewise_{os.getpid()}_{next(self._numbers)}"
        made = self.request("CreateSession", "a{sv}", options={"session_handle_token": ("s", token)})
        return str(made["session_handle"])

    def listen(self, rule: MatchRule) -> None:
        """Have the bus send signals that a rule matches."""
        self.connection.send_and_get_reply(_add_match(rule), timeout=_CALL_S)


def _add_match(rule: MatchRule) -> Message:
    return new_method_call(message_bus, "AddMatch", "s", (rule.serialise(),))
