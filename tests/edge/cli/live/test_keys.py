"""Keys of a terminal, one by one."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.cli.live.keys import Keys, has_keys

if sys.platform == "win32":
    pytest.skip("needs a terminal of its own", allow_module_level=True)

import pty
import termios


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Makes standard input a terminal; gives the end at which one types."""
    typing, reading = pty.openpty()
    with os.fdopen(reading, "r") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        yield typing
    os.close(typing)


def local_flags() -> int:
    flags: int = termios.tcgetattr(sys.stdin.fileno())[3]
    return flags


def test_presses_are_counted_without_waiting(keyboard: int) -> None:
    assert has_keys()
    with Keys() as keys:
        assert keys.n_pressed() == 0
        for typed, n_pressed in ((b"\r", 1), (b" x\n\x1b", 2)):
            os.write(keyboard, typed)
            assert select.select([sys.stdin], [], [], 10)[0]
            assert keys.n_pressed() == n_pressed
        assert keys.n_pressed() == 0


def test_the_terminal_is_as_before_afterwards(keyboard: int) -> None:
    before = local_flags()
    with Keys() as keys:
        assert not local_flags() & (termios.ECHO | termios.ICANON)
        assert local_flags() & termios.ISIG  # for Ctrl-C
        os.write(keyboard, b"rm -r *\n")
        assert select.select([sys.stdin], [], [], 10)[0]
        keys.restore()
        assert local_flags() == before
    os.set_blocking(sys.stdin.fileno(), False)
    with pytest.raises(BlockingIOError):  # what was typed is no command for the shell
        os.read(sys.stdin.fileno(), 100)


def test_a_pipe_has_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert not has_keys()
    assert not has_keys()
    monkeypatch.setattr("sys.stdin", None)
    assert not has_keys()
