"""Keys and typing through the real desktop portal, on a bus of our own, with a backend that a test presses."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from benchmarks.desktop.screen import wait_for
from edge.desktop.chords import parse_chord
from edge.desktop.keysyms import NAMED, character_of
from edge.desktop.protocol import Key, KeyEvent
from edge.errors import DesktopError
from tests.edge.desktop.texts import EVERYTHING

PORTAL = Path("/usr/libexec/xdg-desktop-portal")
HERE = Path(__file__).parent

pytest.importorskip("jeepney", reason="jeepney: pip install 'edgewise[dictate]'")
pytestmark = [
    pytest.mark.skipif(not shutil.which("dbus-daemon"), reason="no bus: apt install dbus"),
    pytest.mark.slow,
    pytest.mark.loopback,
]

Say = Callable[[str], None]


@contextmanager
def _running(*command: str, folder: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A session bus with nothing on it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    address = f"unix:path={tmp_path}/bus"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={address}"]
    with _running(*command, folder=tmp_path, name="bus"):
        wait_for((tmp_path / "bus").exists, "the bus")
        yield tmp_path


@pytest.fixture
def portal(bus: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Say]:
    """The portal; what is given tells its backend to press a key."""
    if not PORTAL.exists():
        pytest.skip(f"no portal in {PORTAL}: apt install xdg-desktop-portal")
    interfaces = ";".join(f"org.freedesktop.impl.portal.{name}" for name in ("GlobalShortcuts", "RemoteDesktop"))
    (bus / "edgewise.portal").write_text(
        f"[portal]\nDBusName=org.freedesktop.impl.portal.desktop.edgewise\nInterfaces={interfaces};\nUseIn=test\n"
    )
    monkeypatch.setenv("XDG_DESKTOP_PORTAL_DIR", str(bus))
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "test")
    with ExitStack() as stack:
        command = [sys.executable, str(HERE / "portal_backend.py"), str(bus / "keysyms")]
        backend = stack.enter_context(_running(*command, folder=bus, name="backend"))
        assert backend.stdin
        assert backend.stdout
        assert backend.stdout.readline() == "ready\n"
        stack.enter_context(_running(str(PORTAL), folder=bus, name="portal"))
        _wait_for_portal()
        writer = backend.stdin

        def say(line: str) -> None:
            writer.write(f"{line}\n")
            writer.flush()

        yield say


def _wait_for_portal() -> None:
    """Wait without a call to it, for which the bus would start another one."""
    from jeepney import message_bus, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    connection = open_dbus_connection("SESSION")
    asked = new_method_call(message_bus, "NameHasOwner", "s", ("org.freedesktop.portal.Desktop",))
    wait_for(lambda: connection.send_and_get_reply(asked).body == (True,), "the portal")
    connection.close()


def test_keys_that_the_desktop_gives_out(portal: Say) -> None:
    from edge.desktop.portal.shortcuts import PortalShortcuts

    trigger = PortalShortcuts({Key.DICTATE: parse_chord("ctrl+alt+d"), Key.CANCEL: parse_chord("esc")})
    events: list[KeyEvent] = []
    trigger.start(events.append)
    try:
        for line in ("Activated cancel", "Activated dictate", "Activated dictate", "Deactivated dictate"):
            portal(line)
        wait_for(lambda: len(events) == 2, "the key")
        trigger.hear_cancel(True)
        portal("Activated cancel")
        wait_for(lambda: len(events) == 3, "the cancel key")
    finally:
        trigger.close()
    assert [(event.key, event.is_down) for event in events] == [
        (Key.DICTATE, True),
        (Key.DICTATE, False),
        (Key.CANCEL, True),
    ]


def test_keysyms_carry_every_text(portal: Say, bus: Path) -> None:
    from edge.desktop.portal.keyboard import PortalKeyboard

    keyboard = PortalKeyboard()
    assert keyboard.type(EVERYTHING, lambda: True) == len(EVERYTHING)
    keyboard.press("v", frozenset({"ctrl"}))
    keyboard.close()

    def lines() -> list[str]:
        return (bus / "keysyms").read_text().splitlines()

    wait_for(lambda: len(lines()) == 2 * len(EVERYTHING) + 4, "the portal to pass all of it on")
    pressed = [tuple(map(int, line.split())) for line in lines()]
    taps = [keysym for keysym, is_down in pressed[:-4] if is_down]
    assert "".join(map(character_of, taps)) == EVERYTHING
    assert [is_down for _, is_down in pressed[:-4]] == [1, 0] * len(EVERYTHING)
    assert pressed[-4:] == [(NAMED["Control_L"], 1), (ord("v"), 1), (ord("v"), 0), (NAMED["Control_L"], 0)]


def test_where_there_is_no_portal_the_way_round_is_said(bus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.desktop.choose import choose_trigger

    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-9")
    began_s = time.monotonic()
    with pytest.raises(DesktopError, match=r"it has no GlobalShortcuts.*bind a key to `edgewise dictate toggle`"):
        choose_trigger({Key.DICTATE: parse_chord("F9")})
    assert time.monotonic() - began_s < 6
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={bus}/none")
    with pytest.raises(DesktopError, match="there is no session bus"):
        choose_trigger({Key.DICTATE: parse_chord("F9")})
