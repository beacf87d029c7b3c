"""The socket by which a dictation that runs is told what to do."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.desktop import control
from edge.desktop.control import ControlServer, ask
from edge.desktop.gestures import Command
from edge.errors import DesktopError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "edgewise" / "dictate.sock"


@pytest.fixture
def server(path: Path) -> Iterator[ControlServer]:
    made = ControlServer(lambda command, detail: f"ok\n{command} {detail}".strip(), path)
    yield made
    made.close()


def test_each_command_is_answered(server: ControlServer, path: Path) -> None:
    assert [ask(command, path) for command in Command] == [f"ok {command}" for command in Command]


def test_only_the_user_can_reach_it(server: ControlServer, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    monkeypatch.setattr(control, "_user_of", lambda client: os.getuid() + 1)
    assert ask(Command.STOP, path) == "error: this dictation is another user's"


def test_what_is_no_command_is_said(server: ControlServer, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"dance\n")
        assert (
            client.recv(200) == b"error: expected start, stop, toggle, cancel, status, undo, again, copy, got 'dance'\n"
        )


def test_a_client_that_says_nothing_holds_nobody_up(
    server: ControlServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_LINE_S", 0.1)
    with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as gone:
        silent.connect(str(path))
        gone.connect(str(path))
        gone.close()
        assert ask(Command.STATUS, path) == "ok status"


def test_where_none_runs_the_way_to_start_one_is_said(path: Path) -> None:
    with pytest.raises(DesktopError, match="no dictation is running; start it with `edgewise dictate`"):
        ask(Command.TOGGLE, path)


def test_there_is_one_for_each_user(server: ControlServer, path: Path) -> None:
    with pytest.raises(DesktopError, match="a dictation is running already"):
        ControlServer(lambda command, detail: "", path)


def test_what_a_killed_one_left_is_replaced(path: Path) -> None:
    program = "\n".join(
        (
            "import os, sys, pathlib",
            "from edge.desktop.control import ControlServer",
            "server = ControlServer(lambda command, detail: 'old', pathlib.Path(sys.argv[1]))",
            "os.kill(os.getpid(), 9)",
        )
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert path.exists()
    with pytest.raises(DesktopError, match="no dictation is running"):
        ask(Command.STATUS, path)
    made = ControlServer(lambda command, detail: "new", path)
    assert ask(Command.STATUS, path) == "new"
    made.close()
    assert not path.exists()


def test_a_folder_of_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(DesktopError, match="is another user's"):
        ControlServer(lambda command, detail: "", path)
