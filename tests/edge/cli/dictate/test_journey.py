"""The way of a newcomer, under X11 and under Wayland: set up, dictate, take back, find again, be killed, recover."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.desktop.cable import Cable
from benchmarks.desktop.hands import hold
from benchmarks.desktop.screen import Window, command_of, wait_for, wait_for_focus
from edge.desktop.choose import choose_typist
from edge.dictate.settings import read_settings
from tests.edge.desktop.compositor import compositor
from tests.edge.desktop.compositor import missing as missing_compositor

from .conftest import WORDS, Dictate, Dictating, cut, plain

if sys.platform == "win32":
    pytest.skip("needs terminals", allow_module_level=True)

ORDER, ORDER_FROM_S, ORDER_TO_S = "what your country can do for you", 5.2, 7.8
"""Other words of the clip, which the newcomer takes for "scratch that"."""
ANSWERS = {
    "play back what was heard": "no",
    "key that deletes what was typed": "shift+F9",
    "play a short tone": "no",
    "show in a small window": "yes",
    "obey": "yes",
}
"""Answers to the questions of the setup; to all others it is the one that is there already."""

Press = Callable[[str], None]
"""Function that presses a key with Control held."""


class Editor(Window):
    """An editor whose text is saved to be looked at; it has to have the focus for that."""

    def __init__(self, press: Press, path: Path, *command: str, environment: dict[str, str]) -> None:
        super().__init__(path, *command, environment=environment)
        self._save = press

    @property
    def text(self) -> str:
        self._save("s")
        return super().text


@dataclass(frozen=True, slots=True)
class Place:
    """A desktop on which somebody dictates."""

    environment: dict[str, str]
    """Environment of programs on it."""
    kinds: tuple[str, ...]
    """Programs to dictate into, the last of which lets what was typed be deleted."""
    focused: Callable[[], object]
    press: Press
    speaking: Callable[[Dictating], AbstractContextManager[None]]
    """Function that begins a dictation, which ends with the block."""

    def open(self, kind: str, folder: Path) -> Window | None:
        """Open a program and wait until it has the focus; None where it is not installed."""
        path = folder / f"{kind}.txt"
        before = self.focused()
        if kind == "mousepad":
            if not shutil.which(kind):
                return None
            path.touch()
            own = {"XDG_CONFIG_HOME": str(folder), "GSETTINGS_BACKEND": "memory"}
            command = [kind, "--disable-server", str(path)]
            window: Window = Editor(self.press, path, *command, environment=self.environment | own)
        else:
            command = command_of(kind, path)
            if not command:
                return None
            window = Window(path, *command, environment=self.environment)
        wait_for(lambda: window.is_open, f"{kind} to open")
        wait_for_focus(self.focused, (None, before), f"{kind} to have the focus")
        return window


@contextmanager
def by_command(dictating: Dictating) -> Iterator[None]:
    dictating.ask("start")
    yield
    dictating.ask("stop")


@pytest.fixture
def under_x11(display: Any) -> Place:
    from edge.desktop.x11.windows import focused_target

    def press(name: str) -> None:
        with hold(display, "Control_L", name):
            pass

    @contextmanager
    def speaking(dictating: Dictating) -> Iterator[None]:
        with hold(display, "F9"):
            yield

    return Place(dict(os.environ), ("xterm", "mousepad", "tk"), lambda: focused_target(display), press, speaking)


@pytest.fixture
def under_wayland(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    if missing_compositor():
        pytest.skip(f"no compositor without {missing_compositor()}")
    from edge.desktop.wayland.globals import open_wayland
    from edge.desktop.wayland.keyboard import Keyboard

    with compositor() as environment:
        for name in ("XDG_RUNTIME_DIR", "WAYLAND_DISPLAY"):
            monkeypatch.setenv(name, environment[name])
        typist, user = choose_typist(), open_wayland()
        keyboard = Keyboard(user)

        yield Place(
            environment | {"GDK_BACKEND": "wayland"},
            ("foot", "mousepad", "gtk"),
            typist.focused,
            partial(keyboard.press, modifiers=frozenset({"ctrl"})),
            by_command,
        )
        keyboard.close()
        user.wire.close()
        typist.close()


def set_up(environment: dict[str, str], folder: Path) -> str:
    """Answer the questions on a terminal, and edit the file; gives what was said."""
    import pty

    master, slave = pty.openpty()
    command = [sys.executable, "-P", "-m", "edge.cli", "dictate", "setup"]
    said = ""
    with subprocess.Popen(command, env=environment, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        while True:
            try:
                said += os.read(master, 1000).decode(errors="replace")
            except OSError:  # the terminal's other end is closed
                break
            if said.endswith("]: "):
                question = said.splitlines()[-1]
                answer = next((given for begin, given in ANSWERS.items() if question.startswith(begin)), "")
                os.write(master, f"{answer}\n".encode())
        assert process.wait(30) == 0, said
    os.close(master)
    path = folder / "config" / "edgewise" / "dictate.toml"
    with path.open("a", encoding="utf-8") as file:
        file.write(f'\n[written.tables.en.actions]\n"{ORDER}" = "scratch"\n')
    return said


@pytest.mark.parametrize("desktop", ["x11", "wayland"])
def test_the_journey_of_a_newcomer(
    desktop: str,
    request: pytest.FixtureRequest,
    environment: dict[str, str],
    dictate: Dictate,
    cable: Cable,
    clip: Path,
    jfk_clip: Path,
    tmp_path: Path,
) -> None:
    place: Place = request.getfixturevalue(f"under_{desktop}")
    named = {name: place.environment.get(name, "") for name in ("DISPLAY", "WAYLAND_DISPLAY")}
    if desktop == "wayland":
        named["XDG_RUNTIME_DIR"] = place.environment["XDG_RUNTIME_DIR"]
    said = set_up(environment | named, tmp_path)
    settings = read_settings(tmp_path / "config" / "edgewise" / "dictate.toml")
    assert settings.written.commands
    assert (settings.dictate.overlay, settings.dictate.sounds) == (True, False)
    assert settings.dictate.undo_key == ("shift+F9" if desktop == "x11" else None), said
    assert said.count(": works; ") >= 2

    dictating = dictate(**named)

    def say(what: Path) -> None:
        with place.speaking(dictating):
            dictating.hears()
            cable.play(what)
            cable.wait_played()

    with ExitStack() as windows:
        opened: list[Window] = []
        for kind in place.kinds:
            window = place.open(kind, tmp_path)
            if window is not None:
                windows.callback(window.close)
                opened.append(window)
                say(clip)
                wait_for(partial(has_written, dictating, len(opened)), f"the words in {kind} to be written", 30)
                wait_for(partial(shows, window), f"the words in {kind}")
        if window is None:
            pytest.skip(f"{place.kinds[-1]} is not installed")
        say(cut(jfk_clip, ORDER_FROM_S, ORDER_TO_S, tmp_path / "order.raw"))
        take_back_and_find_again(dictating, window, len(opened))
        with by_command(dictating):
            dictating.hears()
            cable.play(clip)
            cable.wait_played()
            dictating.end(signal.SIGKILL)
        dictating = dictate(**named)
        number = len(opened) + 1
        wait_for(lambda: f"is number {number} of the history" in dictating.said, "the recovery")
        assert dictating.ask("copy", number) == "done"
        place.press("v")
        wait_for(partial(shows, window), "the recovered words")
        assert dictating.end() == 0


def has_written(dictating: Dictating, n_texts: int) -> bool:
    return plain(dictating.ask("history")).count(WORDS) == n_texts


def shows(window: Window) -> bool:
    return WORDS in plain(window.text)


def take_back_and_find_again(dictating: Dictating, window: Window, n_texts: int) -> None:
    wait_for(lambda: window.text == "", "the words to be scratched")
    assert dictating.ask("again") == "done"
    wait_for(partial(shows, window), "the words to come back")
    assert dictating.ask("undo") == "done"
    wait_for(lambda: window.text == "", "the words to go")
    assert len(dictating.ask("history", "COUNTRY").splitlines()) == n_texts
