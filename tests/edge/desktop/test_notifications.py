"""Notifications on a session bus of our own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.errors import DesktopError
from tests.edge.desktop.buses import session_bus

pytest.importorskip("jeepney", reason="jeepney: pip install 'edgewise[dictate]'")


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    with session_bus(tmp_path) as (address, process):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield process


def test_a_sentence_is_shown(bus: subprocess.Popen[bytes]) -> None:
    from jeepney import MessageType, message_bus, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    from edge.desktop.portal.notifications import Notifications

    with open_dbus_connection("SESSION") as service:
        named = new_method_call(message_bus, "RequestName", "su", ("org.freedesktop.Notifications", 0))
        assert service.send_and_get_reply(named).body == (1,)
        notifications = Notifications()
        notifications.show("edgewise dictate", "<b>bold</b> & plain")
        message = service.receive(timeout=5)
        while message.header.message_type is not MessageType.method_call:
            message = service.receive(timeout=5)
        notifications.close()
    assert message.body[0] == "edgewise"
    assert message.body[3:5] == ("edgewise dictate", "&lt;b&gt;bold&lt;/b&gt; &amp; plain")


def test_nobody_has_to_be_there(bus: subprocess.Popen[bytes]) -> None:
    from edge.desktop.portal.notifications import Notifications

    notifications = Notifications()
    notifications.show("edgewise dictate", "nobody sees this")
    bus.kill()
    bus.wait()
    with pytest.raises(DesktopError, match="the session bus takes no notifications"):
        _show_some(notifications.show)
    notifications.close()


def _show_some(show: Callable[[str, str], None]) -> None:
    for _ in range(3):
        show("edgewise dictate", "nor this")


def test_without_a_bus_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from edge.desktop.portal.notifications import Notifications

    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    with pytest.raises(DesktopError, match="there is no session bus"):
        Notifications()
