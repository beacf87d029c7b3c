"""The rig: a virtual screen and microphone, a window that is read, and `edgewise dictate` in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from edge.desktop.control import ask
from edge.desktop.gestures import Command
from edge.dictate.history import Entry, History
from edge.errors import DesktopError

from ..desktop.cable import Cable
from ..desktop.cable import missing as missing_cable
from ..desktop.hands import hold
from ..desktop.screen import Window, command_of, screen, wait_for, wait_for_focus
from ..desktop.screen import missing as missing_screen
from ..errors import BenchmarkError
from .speech import Clip, noise

KEY = "F9"
_NOISE_S = 600
_READY_S = 60.0
_LISTENS_S = 20.0
_TEXT_S = 60.0
_LOOK_S = 0.005
_HEARD = re.compile(r"(?:listening|preparing), ([\d.]+) s heard")
_ROUNDED_S = 0.05
"""Seconds that are not there yet when a counter of tenths shows the next one."""


def missing() -> str:
    """Name what has to be there before anything can be measured; empty where all is."""
    if not sys.platform.startswith("linux"):
        return "Linux: processes are measured by /proc"
    window = "" if command_of("tk", Path()) else "tkinter: apt install python3-tk"
    return missing_screen() or missing_cable() or window


@dataclass(slots=True)
class Pressed:
    """Times of one dictation, by the clock that all processes share."""

    pressed_s: float
    listens_s: float = 0.0
    """Time at which it said that it listens."""
    began_s: float = 0.0
    """Time at which its first sample came, as its counter of tenths of a second tells."""
    released_s: float = 0.0


@dataclass(slots=True)
class Dictating:
    """The command that runs."""

    process: subprocess.Popen[bytes]
    errors: Path
    socket: Path

    @property
    def said(self) -> str:
        """Lines that it wrote for the user, and its log."""
        return self.errors.read_text(encoding="utf-8")

    @property
    def told(self) -> list[str]:
        """Lines that it wrote since it was ready; its log as well, where it was asked for."""
        return [line.removeprefix("edgewise: ") for line in self.said.partition("ready: ")[2].splitlines()[1:]]

    def ask(self, command: Command) -> str:
        """Ask it by its socket."""
        return ask(command, self.socket)

    def kill(self) -> float:
        """Kill it, and return when."""
        self.process.kill()
        killed_s = time.monotonic()
        self.process.wait()
        return killed_s

    def end(self) -> None:
        """Have it end, once all is written."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(_TEXT_S)


@dataclass(slots=True)
class Rig:
    """The parts, and what is done with them."""

    folder: Path
    cable: Cable
    display: Any
    options: tuple[str, ...]
    """Options of the command."""
    logs: bool = False
    """Whether the command writes its log."""
    state: Path = field(init=False)
    """Folder in which it keeps what was said; a small disk may be put there."""
    dictating: Dictating = field(init=False)
    window: Window = field(init=False)
    _n_windows: int = 0
    _n_started: int = 0
    _stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.state = self.folder / "state"
        (self.folder / "run").mkdir(mode=0o700)
        noise(_NOISE_S, self.folder / "noise.raw")

    @property
    def history(self) -> History:
        """History of the dictation."""
        return History(self.state / "edgewise" / "dictate" / "history.sqlite")

    @property
    def journals(self) -> list[Path]:
        """Recordings that are kept at the moment."""
        return sorted((self.state / "edgewise" / "dictate" / "spoken").glob("*.wav"))

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the command."""
        folders = {"XDG_STATE_HOME": self.state, "XDG_CONFIG_HOME": self.folder / "config"}
        named = {name: str(path) for name, path in folders.items()} | {"XDG_RUNTIME_DIR": str(self.folder / "run")}
        named |= {"DISPLAY": os.environ["DISPLAY"], "EDGEWISE_DEBUG": str(int(self.logs))}
        given = self.cable.environment | named
        without = ("WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
        return {name: value for name, value in given.items() if name not in without}

    def make_noise(self) -> None:
        """Begin to play the noise that every microphone has, again and again, until the server ends."""
        play = "paplay --raw --format=s16le --rate=16000 --channels=1 --device=cable"
        command = f"while cat {self.folder}/noise.raw; do :; done | {play}"
        quiet = subprocess.DEVNULL
        player = subprocess.Popen(
            ["sh", "-c", command], env=self.cable.environment, stdout=quiet, stderr=quiet, start_new_session=True
        )
        self._stack.callback(_end_group, player)

    def start(self) -> Dictating:
        """Start the command, and wait until it is ready."""
        errors = self.folder / f"errors-{self._n_started}.txt"
        self._n_started += 1
        with errors.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "edge.cli", "dictate", "--key", KEY, *self.options],
                env=self.environment,
                stdout=subprocess.DEVNULL,
                stderr=file,
            )
        self._stack.callback(_end_process, process)
        self.dictating = Dictating(process, errors, self.folder / "run" / "edgewise" / "dictate.sock")
        wait_for(lambda: "ready: " in self.dictating.said or process.poll() is not None, "the dictation", _READY_S)
        if process.poll() is not None:
            raise BenchmarkError(f"the dictation ended: {self.dictating.said.strip()}")
        return self.dictating

    def open_window(self, kind: str = "tk") -> Window:
        """Open a window, which gets the focus; texts go there."""
        from edge.desktop.x11.windows import focused_target

        self._n_windows += 1
        path = self.folder / f"window-{self._n_windows}.txt"
        before = focused_target(self.display)
        self.window = Window(path, *command_of(kind, path))
        self._stack.callback(self.window.close)
        wait_for(lambda: self.window.is_open, "the window")
        wait_for_focus(partial(focused_target, self.display), (None, before), "the window to have the focus")
        return self.window

    def changes(self) -> list[tuple[float, int]]:
        """Return when the window changed, and how many characters it had then."""
        path = self.folder / f"window-{self._n_windows}.times"
        lines = path.read_text(encoding="ascii").splitlines()
        return [(float(when), int(n)) for when, n in (line.split() for line in lines)]

    @contextmanager
    def held(self) -> Iterator[Pressed]:
        """Hold the key while something is done, once it is listened."""
        pressed = Pressed(time.monotonic())
        with hold(self.display, KEY) as release:
            self.wait_until_heard(pressed)
            yield pressed
            pressed.released_s = time.monotonic()
            release()

    def dictate(self, clip: Clip, pause_s: float) -> Pressed:
        """Hold the key, play a clip, and let go of the key so long after its end."""
        with self.held() as pressed:
            self.cable.play(clip.path)
            self.cable.wait_played()
            time.sleep(pause_s)
        return pressed

    def text_after(self, number: int, within_s: float = _TEXT_S) -> Entry:
        """Wait for the text behind number `number` of the history."""
        found: list[Entry] = []

        def has_come() -> bool:
            found[:] = [entry for entry in self.history.find(most=1) if entry.number > number]
            return bool(found)

        until_s = time.monotonic() + within_s
        while not has_come():
            if time.monotonic() > until_s:
                raise BenchmarkError(f"waited {within_s:.0f} s for a text; {self._situation}")
            time.sleep(_LOOK_S)
        return found[0]

    def wait_until(self, starts: str) -> str:
        """Wait until its status starts like that."""
        return self._status(lambda status: status.startswith(starts), starts)

    def wait_until_heard(self, pressed: Pressed) -> None:
        """Wait until it listens, and find out when its first sample came."""
        counted = ""

        def look(status: str) -> bool:
            nonlocal counted
            now_s = time.monotonic()
            if status.startswith("listening") and not pressed.listens_s:
                pressed.listens_s = now_s
            found = _HEARD.match(status)
            if found and counted and found[1] != counted and not pressed.began_s:
                pressed.began_s = now_s - float(found[1]) + _ROUNDED_S
            counted = found[1] if found else ""
            return bool(pressed.listens_s and pressed.began_s)

        self._status(look, "listening")

    def _status(self, is_right: Callable[[str], bool], what: str) -> str:
        until_s = time.monotonic() + _LISTENS_S
        while time.monotonic() < until_s:
            try:
                status = self.dictating.ask(Command.STATUS)
            except DesktopError as error:
                raise BenchmarkError(f"{error}; it said: {self.dictating.said[-500:]}") from None
            if is_right(status):
                return status
            time.sleep(_LOOK_S)
        raise BenchmarkError(f"waited {_LISTENS_S:.0f} s for {what}; {self._situation}")

    @property
    def _situation(self) -> str:
        """Description of what the dictation does and said."""
        told = "; ".join(self.dictating.told[-5:]) or "nothing"
        return f"the dictation is {self.dictating.ask(Command.STATUS)}, and said {told}"

    def close(self) -> None:
        """End all that was started."""
        self._stack.close()


@contextmanager
def rig(*options: str, logs: bool = False) -> Iterator[Rig]:
    """Give a rig, whose dictation has these options and is started by `start`."""
    if missing():
        raise BenchmarkError(f"needs {missing()}")
    before = os.environ.get("DISPLAY")
    with tempfile.TemporaryDirectory(prefix="dictation-") as name, ExitStack() as stack:
        folder = Path(name)
        cable = stack.enter_context(Cable(folder / "server"))
        os.environ["DISPLAY"], _ = stack.enter_context(screen(folder))
        from edge.desktop.x11.connection import connect, disconnect

        display = connect()
        stack.callback(disconnect, display)
        made = Rig(folder, cable, display, options, logs)
        stack.callback(made.close)
        made.make_noise()
        try:
            yield made
        finally:
            if before is None:
                del os.environ["DISPLAY"]
            else:
                os.environ["DISPLAY"] = before


def _end_process(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # it ended with the server
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
