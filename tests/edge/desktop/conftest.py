"""A screen for all tests of the desktop, and windows on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from benchmarks.desktop.screen import Window, command_of, missing, screen, wait_for, wait_for_focus


@pytest.fixture(scope="session")
def display_name(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A display of our own; DISPLAY names it."""
    if missing():
        pytest.skip(f"no screen without {missing()}")
    before = os.environ.get("DISPLAY")
    with screen(tmp_path_factory.mktemp("screen")) as (name, _):
        os.environ["DISPLAY"] = name
        yield name
    if before is None:
        del os.environ["DISPLAY"]
    else:
        os.environ["DISPLAY"] = before


@pytest.fixture(scope="session")
def display(display_name: str) -> Iterator[Any]:
    """A connection to it, for what a user's hands do."""
    from edge.desktop.x11.connection import connect

    opened = connect()
    yield opened
    opened.close()


@pytest.fixture
def open_window(display: Any, tmp_path: Path) -> Iterator[Callable[[str], Window]]:
    """What opens a program of a kind and waits until it has the focus."""
    from edge.desktop.x11.windows import focused_target

    with ExitStack() as windows:

        def open_one(kind: str) -> Window:
            before = focused_target(display)
            path = tmp_path / f"{kind}.txt"
            command = command_of(kind, path)
            if not command:
                pytest.skip(f"{kind} is not installed: apt install xterm python3-gi gir1.2-gtk-3.0")
            window = Window(path, *command)
            windows.callback(window.close)
            wait_for(lambda: window.is_open, f"{kind} to open")
            wait_for_focus(lambda: focused_target(display), (None, before), f"{kind} to have the focus")
            return window

        yield open_one
    wait_for(lambda: focused_target(display) is None, "the windows to close")
