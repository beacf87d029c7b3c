"""A desktop without a display: Xvfb with a window manager, and real programs that show what was typed into them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

_HERE = Path(__file__).parent
PROGRAMS = ("Xvfb", "openbox", "setxkbmap")
_WITHIN_S = 15.0
_STEADY = 15
_SYSTEM_PYTHON = "/usr/bin/python3"


def missing() -> str:
    """Name what has to be installed before there is a screen; empty where all is there."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"{', '.join(absent)}: apt install xvfb openbox x11-xkb-utils"
    return "" if find_spec("Xlib") else "python-xlib: pip install 'edgewise[dictate]'"


def wait_for(come: Callable[[], bool], what: str, within_s: float = _WITHIN_S) -> None:
    """Wait until something has come; AssertionError names it where it does not."""
    until_s = time.monotonic() + within_s
    while not come():
        assert time.monotonic() < until_s, f"waited {within_s:.0f} s for {what}"
        time.sleep(0.01)


def wait_for_focus(focused: Callable[[], object], others: tuple[object, ...], what: str) -> None:
    """Wait until another window than those has the focus, and keeps it: window managers hand it about at first."""
    seen: list[object] = []

    def is_steady() -> bool:
        seen.append(focused())
        return seen[-1] not in others and len(seen) > _STEADY and len(set(seen[-_STEADY:])) == 1

    wait_for(is_steady, what)


@contextmanager
def screen(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Give a display's name and its server, while Xvfb and a window manager run."""
    reading, writing = os.pipe()
    log = (folder / "xvfb.log").open("wb")
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[writing],
        stdout=log,
        stderr=log,
    )
    os.close(writing)
    with os.fdopen(reading) as told, log:
        name = f":{told.readline().strip()}"
        environment = os.environ | {"DISPLAY": name}
        manager = subprocess.Popen(["openbox"], env=environment, stdout=log, stderr=log)
        try:
            wait_for(lambda: _is_managed(environment), "the window manager")
            yield name, server
        finally:
            for process in (manager, server):
                process.terminate()
                process.wait()


def _is_managed(environment: dict[str, str]) -> bool:
    from Xlib.display import Display

    display = Display(environment["DISPLAY"])
    found = display.screen().root.get_full_property(display.get_atom("_NET_SUPPORTING_WM_CHECK"), 0)
    display.close()
    return found is not None


class Window:
    """A program that shows what is typed into it, and writes it to a file."""

    def __init__(self, path: Path, *command: str, environment: dict[str, str] | None = None) -> None:
        self._path = path
        self._before = ""
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environment)

    @property
    def is_open(self) -> bool:
        """Whether it is there, and shows something."""
        return self._path.exists()

    @property
    def text(self) -> str:
        """Text that it shows."""
        return self._path.read_text(encoding="utf-8") if self.is_open else ""

    def comes_to(self, expected: str) -> str:
        """Return what has come since the last call, once that is the text expected or time is up."""
        until_s = time.monotonic() + 5
        while self.text != self._before + expected and time.monotonic() < until_s:
            time.sleep(0.01)
        found = self.text
        new = found.removeprefix(self._before) if found.startswith(self._before) else found
        self._before = found
        return new

    def close(self) -> None:
        """Close it."""
        self._process.kill()
        self._process.wait()


def command_of(kind: str, path: Path) -> list[str]:
    """Return the command of a program; empty where it is not installed."""
    if kind == "tk":
        return [sys.executable, str(_HERE / "tk_window.py"), str(path)] if find_spec("_tkinter") else []
    if kind == "gtk":
        check = [_SYSTEM_PYTHON, "-c", "import gi; gi.require_version('Gtk', '3.0')"]
        has_gtk = Path(_SYSTEM_PYTHON).exists() and subprocess.run(check, capture_output=True).returncode == 0
        return [_SYSTEM_PYTHON, str(_HERE / "gtk_window.py"), str(path)] if has_gtk else []
    reader = f"stty -echo -icanon; cat > {path}"
    if kind == "foot":
        return ["foot", "sh", "-c", reader] if shutil.which("foot") else []
    return ["xterm", "-u8", "-e", "sh", "-c", reader] if shutil.which("xterm") else []
