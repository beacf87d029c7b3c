"""An icon in the desktop's panel: a StatusNotifierItem with its menu, on the session bus."""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    MatchRule,
    Message,
    MessageFlag,
    MessageType,
    message_bus,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from ...errors import DesktopError
from ..protocol import Entry
from .icon import SIZES, icon
from .menu import LAYOUT, Menu, Values

_LOG = logging.getLogger("edge.desktop")

WATCHER = "org.kde.StatusNotifierWatcher"
"""Name on the bus of a panel that shows icons."""

ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
ITEM_PATH, MENU_PATH = "/StatusNotifierItem", "/MenuBar"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_UNKNOWN = "org.freedesktop.DBus.Error.UnknownMethod"
_NO_PROPERTY = "org.freedesktop.DBus.Error.UnknownProperty"
_PICTURES = "a(iiay)"
_CALL_S = 5.0
_JOIN_S = 5.0

Answer = tuple[str, tuple[Any, ...]]


class PanelIcon:
    """The icon. Everything about it happens in a thread of its own; where no panel is, it waits for one."""

    def __init__(self, title: str, menu: Callable[[], tuple[Entry, ...]], click: Callable[[], object]) -> None:
        """Begin; DesktopError where there is no session bus."""
        self._title, self._entries, self._click = title, menu, click
        try:
            self._connection: DBusConnection = open_dbus_connection("SESSION")
        except (KeyError, OSError, ValueError) as error:
            raise DesktopError(f"there is no session bus, so no icon in the panel ({error!r})") from error
        self._state = self._wanted = "idle"
        self._menu = Menu()
        self._is_closing = False
        self._lock = threading.Lock()
        self._wake_read, self._wake_write = os.pipe()
        self._name = f"{ITEM}-{os.getpid()}-1"
        try:
            self._ask(new_method_call(message_bus, "AddMatch", "s", (_of_watcher().serialise(),)))
            self._ask(new_method_call(message_bus, "RequestName", "su", (self._name, 0)))
            self.is_shown = bool(self._ask(new_method_call(message_bus, "NameHasOwner", "s", (WATCHER,)))[0])
            """Whether there is a panel that shows it."""
        except DesktopError:
            self._release()
            raise
        self._thread = threading.Thread(target=self._run, name="edgewise tray", daemon=True)
        self._thread.start()

    def show(self, state: str) -> None:
        """Have the icon say what goes on."""
        with self._lock:
            self._wanted = state
            if not self._is_closing:
                os.write(self._wake_write, b"s")

    def close(self) -> None:
        """Take it away."""
        with self._lock:
            self._is_closing = True
        os.write(self._wake_write, b"q")
        self._thread.join(_JOIN_S)
        self._release()

    def _release(self) -> None:
        self._connection.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _ask(self, message: Message) -> tuple[Any, ...]:
        try:
            return tuple(self._connection.send_and_get_reply(message, timeout=_CALL_S).body)
        except (OSError, TimeoutError) as error:
            raise DesktopError(f"the session bus does not answer ({error!r})") from error

    def _run(self) -> None:
        try:
            if self.is_shown:
                self._register()
            while not self._is_closing:
                self._handle_all()
                ready, _, _ = select.select([self._connection.sock, self._wake_read], [], [])
                if self._wake_read in ready:
                    os.read(self._wake_read, 64)
                    self._follow()
        except OSError as error:
            _LOG.debug("the session bus is gone: %s", error)  # with the session; a dictation says so where it matters

    def _handle_all(self) -> None:
        while not self._is_closing:
            try:
                message = self._connection.receive(timeout=0)
            except TimeoutError:
                return
            if message.header.message_type is MessageType.method_call:
                self._serve(message)
            elif message.header.fields.get(HeaderFields.member) == "NameOwnerChanged" and message.body[0] == WATCHER:
                self.is_shown = bool(message.body[2])
                if self.is_shown:
                    self._register()

    def _register(self) -> None:
        """Have the panel show it. Nobody waits for the answer: the panel asks back before it gives one."""
        watcher = DBusAddress("/StatusNotifierWatcher", WATCHER, WATCHER)
        message = new_method_call(watcher, "RegisterStatusNotifierItem", "s", (self._name,))
        message.header.flags = MessageFlag.no_reply_expected
        self._connection.send(message)

    def _follow(self) -> None:
        """Tell the panel what changed."""
        if self._wanted == self._state:
            return
        self._state = self._wanted
        for signal in ("NewIcon", "NewToolTip"):
            self._connection.send(new_signal(DBusAddress(ITEM_PATH, interface=ITEM), signal))
        self._renew_menu()

    def _renew_menu(self) -> bool:
        """Ask for the menu again, and tell the panel where it changed; whether it did."""
        has_changed = self._menu.update(self._entries())
        if has_changed:
            emitter = DBusAddress(MENU_PATH, interface=MENU)
            self._connection.send(new_signal(emitter, "LayoutUpdated", "ui", (self._menu.revision, 0)))
        return has_changed

    def _serve(self, message: Message) -> None:
        """Answer a call first, and do then what was asked for."""
        fields = message.header.fields
        member, interface = fields.get(HeaderFields.member, ""), fields.get(HeaderFields.interface, "")
        is_menu = fields.get(HeaderFields.path) == MENU_PATH
        acts: list[Callable[[], object]] = []
        if interface == _PROPERTIES:
            answer = self._property(member, self._menu_values() if is_menu else self._item_values(), message.body)
        elif is_menu:
            answer = self._of_menu(member, message.body, acts)
        else:
            answer = self._of_item(member, acts)
        if not message.header.flags & MessageFlag.no_reply_expected:
            self._connection.send(_reply(message, answer))
        for act in acts:
            act()

    def _of_item(self, member: str, acts: list[Callable[[], object]]) -> Answer | str:
        if member in ("Activate", "SecondaryActivate"):
            acts.append(self._click)
        elif member not in ("ContextMenu", "Scroll", "ProvideXdgActivationToken"):
            return _UNKNOWN
        return "", ()

    def _of_menu(self, member: str, body: tuple[Any, ...], acts: list[Callable[[], object]]) -> Answer | str:
        menu = self._menu
        if member == "GetLayout":
            self._renew_menu()
            found = menu.layout(body[0], body[1])
            return (f"u{LAYOUT}", (menu.revision, found)) if found else _UNKNOWN
        if member == "GetGroupProperties":
            numbers = [number for number in body[0] or menu.numbers() if number in menu.numbers()]
            return "a(ia{sv})", ([(number, menu.values(number)) for number in numbers],)
        if member == "GetProperty":
            values = menu.values(body[0]) if body[0] in menu.numbers() else {}
            return ("v", (values[body[1]],)) if body[1] in values else _NO_PROPERTY
        if member == "AboutToShow":
            return "b", (self._renew_menu(),)
        if member == "AboutToShowGroup":
            return "aiai", (list(body[0]) if self._renew_menu() else [], [])
        if member in ("Event", "EventGroup"):
            events = [body] if member == "Event" else body[0]
            chosen = [menu.act_of(event[0]) for event in events if event[1] == "clicked"]
            acts += [act for act in chosen if act is not None]
            return ("", ()) if member == "Event" else ("ai", ([],))
        return _UNKNOWN

    def _property(self, member: str, values: Values, body: tuple[Any, ...]) -> Answer | str:
        if member == "GetAll":
            return "a{sv}", (values,)
        if member == "Get":
            return ("v", (values[body[1]],)) if body[1] in values else _NO_PROPERTY
        return _UNKNOWN

    def _item_values(self) -> Values:
        pictures = [(size, size, icon(self._state, size)) for size in SIZES]
        return {
            "Category": ("s", "ApplicationStatus"),
            "Id": ("s", "edgewise-dictate"),
            "Title": ("s", self._title),
            "Status": ("s", "Active"),
            "WindowId": ("i", 0),
            "IconName": ("s", ""),
            "IconThemePath": ("s", ""),
            "IconPixmap": (_PICTURES, pictures),
            "OverlayIconName": ("s", ""),
            "OverlayIconPixmap": (_PICTURES, []),
            "AttentionIconName": ("s", ""),
            "AttentionIconPixmap": (_PICTURES, []),
            "ToolTip": (f"(s{_PICTURES}ss)", ("", [], self._title, self._state)),
            "ItemIsMenu": ("b", False),
            "Menu": ("o", MENU_PATH),
        }

    def _menu_values(self) -> Values:
        return {
            "Version": ("u", 3),
            "TextDirection": ("s", "ltr"),
            "Status": ("s", "normal"),
            "IconThemePath": ("as", []),
        }


def _reply(message: Message, answer: Answer | str) -> Message:
    """Return an answer, or an error of a name."""
    if isinstance(answer, str):
        return new_error(message, answer)
    return new_method_return(message, answer[0] or None, answer[1])


def _of_watcher() -> MatchRule:
    """Return the rule of the signal that says that a panel came or went."""
    rule = MatchRule(type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged")
    rule.add_arg_condition(0, WATCHER)
    return rule
