"""`edgewise dictate` in a process of its own: a microphone, a key, a window, and the words in it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import edge
from benchmarks.desktop.cable import Cable, missing
from benchmarks.desktop.hands import hold, press_key
from benchmarks.desktop.screen import Window, command_of, screen, wait_for, wait_for_focus
from benchmarks.desktop.screen import missing as missing_screen
from edge.desktop.choose import choose_typist
from edge.store import Store
from tests.edge.desktop.buses import Panel, session_bus
from tests.edge.desktop.compositor import compositor
from tests.edge.desktop.compositor import missing as missing_compositor
from tests.edge.desktop.overlays import seen_on

from .conftest import Run

if sys.platform == "win32":
    pytest.skip("needs signals", allow_module_level=True)

HOME = os.environ.get("EDGEWISE_HOME")
"""The home with the models; a test's own has none."""

FROM_S, TO_S = 7.9, 10.8
NOISE_S = 300
"""Seconds of the noise that every microphone has; what gives exact silence is taken to be muted."""
IDLE_MB = 132
"""Most memory of a dictation that waits for its key, with tiny.en loaded."""
WORDS = "what you can do for your country"
ORDER, ORDER_FROM_S, ORDER_TO_S = "what your country can do for you", 5.2, 7.8
"""Other words of the clip, which its newcomer takes for "scratch that"."""


@pytest.fixture(scope="module")
def cable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cable]:
    if missing():
        pytest.skip(f"no microphone without {missing()}")
    folder = tmp_path_factory.mktemp("sound")
    noise = np.random.default_rng(0).normal(0, 1e-3, round(NOISE_S * 16000))
    (noise * 32767).astype("<i2").tofile(folder / "noise.raw")
    with Cable(folder / "server") as made:
        command = ["paplay", "--raw", "--format=s16le", "--rate=16000", "--channels=1", "--device=cable"]
        with subprocess.Popen([*command, str(folder / "noise.raw")], env=made.environment) as player:
            yield made
            player.kill()


def cut(recording: Path, from_s: float, to_s: float, path: Path) -> Path:
    """Write a part of a recording as raw PCM."""
    samples, rate_hz = soundfile.read(recording, dtype="int16")
    samples[round(from_s * rate_hz) : round(to_s * rate_hz)].tofile(path)
    return path


@pytest.fixture(scope="module")
def clip(jfk_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw PCM of a few words."""
    return cut(jfk_clip, FROM_S, TO_S, tmp_path_factory.mktemp("clip") / "clip.raw")


class Dictating:
    """The command that runs, and what it says."""

    def __init__(self, environment: dict[str, str], folder: Path, *arguments: object) -> None:
        self.environment = environment
        self._errors = folder / "errors.txt"
        with self._errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "edge.cli", "dictate", *map(str, arguments)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )
        wait_for(lambda: "ready: " in self.said or self.process.poll() is not None, "the dictation to be ready", 30)
        assert self.process.poll() is None, self.said

    @property
    def said(self) -> str:
        return self._errors.read_text(encoding="utf-8")

    def ask(self, *words: object) -> str:
        command = [sys.executable, "-P", "-m", "edge.cli", "dictate", *map(str, words)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=30)
        return (done.stdout + done.stderr).strip()

    def hears(self) -> None:
        """Wait until it listens."""
        wait_for(lambda: self.ask("status").startswith("listening"), "the microphone")

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=30)
        return self.process.returncode


Dictate = Callable[..., Dictating]


@pytest.fixture(scope="session")
def detector(tiny_en_int8: Path) -> None:
    if not Store().is_here("silero-vad"):
        pytest.skip("the detector of speech is not in the store: run `edgewise transcribe --demo` once")


@pytest.fixture
def environment(cable: Cable, tmp_path: Path) -> dict[str, str]:
    """The environment of the command, with folders of its own."""
    (tmp_path / "run").mkdir(mode=0o700, exist_ok=True)
    folders = {"XDG_STATE_HOME": "state", "XDG_CONFIG_HOME": "config", "XDG_RUNTIME_DIR": "run"}
    environment = cable.environment | {name: str(tmp_path / folder) for name, folder in folders.items()}
    environment |= {"EDGEWISE_OFFLINE": "1"} | ({} if HOME is None else {"EDGEWISE_HOME": HOME})
    environment.pop("WAYLAND_DISPLAY", None)
    return environment


@pytest.fixture
def dictate(environment: dict[str, str], detector: None, tiny_en_int8: Path, tmp_path: Path) -> Iterator[Dictate]:
    """Starts the command."""
    started: list[Dictating] = []

    def start(*arguments: object, **more: str) -> Dictating:
        display = {"DISPLAY": "" if "--print" in arguments else os.environ.get("DISPLAY", "")}
        options = ("--model", tiny_en_int8, *arguments)
        started.append(Dictating(environment | display | more, tmp_path, *options))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A screen; DISPLAY names it."""
    if missing_screen():
        pytest.skip(f"no screen without {missing_screen()}")
    before = os.environ.get("DISPLAY")
    with screen(tmp_path_factory.mktemp("screen")) as (name, _):
        from edge.desktop.x11.connection import connect

        os.environ["DISPLAY"] = name
        opened = connect()
        yield opened
        opened.close()
        if before is None:
            del os.environ["DISPLAY"]
        else:
            os.environ["DISPLAY"] = before


@pytest.fixture
def open_window(display: Any, tmp_path: Path) -> Iterator[Callable[[str, str], Window]]:
    from edge.desktop.x11.windows import focused_target

    windows: list[Window] = []

    def open_one(kind: str, name: str) -> Window:
        path = tmp_path / f"{name}.txt"
        before = focused_target(display)
        command = command_of(kind, path)
        if not command:
            pytest.skip(f"{kind} is not installed")
        windows.append(Window(path, *command))
        wait_for(lambda: windows[-1].is_open, f"{kind} to open")
        wait_for_focus(lambda: focused_target(display), (None, before), f"{kind} to have the focus")
        return windows[-1]

    yield open_one
    for window in windows:
        window.close()


def overlay_of(display: Any) -> str:
    """What the overlay says; nothing where it is not to be seen."""
    found = seen_on(display)
    return "" if found is None else found[0]


def plain(text: str) -> str:
    return re.sub(r"[^\w ]", "", text).lower()


def journal_of(folder: Path) -> Path:
    return folder / "state" / "edgewise" / "dictate" / "spoken"


def recording_of(folder: Path) -> Path:
    (path,) = (folder / "state" / "edgewise" / "dictate" / "audio").glob("*.wav")
    return path


def test_words_are_where_the_cursor_is(
    dictate: Dictate,
    display: Any,
    open_window: Callable[[str, str], Window],
    cable: Cable,
    clip: Path,
    tiny_en_int8: Path,
    tmp_path: Path,
) -> None:
    window = open_window("tk", "note")
    dictating = dictate("--keep-audio", "--overlay", "--undo-key", "shift+F9")
    with hold(display, "F9"):
        dictating.hears()
        cable.play(clip)
        cable.wait_played()
        wait_for(lambda: "what you can do" in plain(overlay_of(display)), "the words that are understood by now")
        assert overlay_of(display).startswith("listening: ")
    wait_for(lambda: WORDS in plain(window.text), "the words")
    wait_for(lambda: not overlay_of(display), "the overlay to go")
    text = edge.load(tiny_en_int8, offline=True).transcribe(recording_of(tmp_path)).text
    wait_for(lambda: window.text == text, "the text of the whole recording")
    assert dictating.said.splitlines()[1:] == []
    assert re.search(r"idle; last text \d+\.\d\d s after the stop", dictating.ask("status"))
    assert text in dictating.ask("history", "COUNTRY")
    with hold(display, "Shift_L", "F9"):
        pass
    wait_for(lambda: window.text == "", "the words to go")
    assert dictating.ask("again") == "done"
    wait_for(lambda: window.text == text, "the words to come back")
    press_key(display, "Left")
    assert dictating.ask("undo").endswith("keys or buttons were pressed since; the cursor may be elsewhere")
    wait_for(lambda: window.text == text, "the words to be there still")
    assert dictating.end() == 0


def test_a_program_may_have_settings_of_its_own(
    dictate: Dictate,
    display: Any,
    open_window: Callable[[str, str], Window],
    cable: Cable,
    clip: Path,
    tiny_en_int8: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "own.toml").write_text(
        """[written]
off = ["figures"]
[applications.tkwindow]
sentences = false
ways = ["paste"]
"""
    )
    window = open_window("tk", "note")
    dictating = dictate("--settings", tmp_path / "own.toml")
    dictating.ask("start")
    dictating.hears()
    cable.play(clip)
    cable.wait_played()
    dictating.ask("stop")
    wait_for(lambda: WORDS in window.text, "the words")
    wait_for(lambda: "Tkwindow" in dictating.ask("history"), "the name of the program in the history")
    assert window.text == window.text.lower().rstrip(".")
    assert dictating.end() == 0
    (tmp_path / "own.toml").write_text('[applications.code]\nvocabulary = "none.txt"\n')
    said = dictating.ask("--print", "--settings", tmp_path / "own.toml", "--model", tiny_en_int8)
    assert said.endswith("[applications] code: none.txt: No such file or directory")


def set_up(environment: dict[str, str], folder: Path) -> None:
    """Do what a newcomer does first: take every answer that is there, and edit the file."""
    command = [sys.executable, "-P", "-m", "edge.cli", "dictate", "setup"]
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    path = folder / "config" / "edgewise" / "dictate.toml"
    text = path.read_text(encoding="utf-8")
    for before, after in (("sounds = true", "sounds = false"), ("# commands = false", "commands = true")):
        assert before in text
        text = text.replace(before, after)
    path.write_text(f'{text}\n[written.tables.en.actions]\n"{ORDER}" = "scratch"\n', encoding="utf-8")


def test_the_journey_of_a_newcomer(
    environment: dict[str, str],
    dictate: Dictate,
    display: Any,
    open_window: Callable[[str, str], Window],
    cable: Cable,
    clip: Path,
    jfk_clip: Path,
    tmp_path: Path,
) -> None:
    set_up(environment, tmp_path)
    order = cut(jfk_clip, ORDER_FROM_S, ORDER_TO_S, tmp_path / "order.raw")
    dictating = dictate()

    def say(what: Path) -> None:
        with hold(display, "F9"):
            dictating.hears()
            cable.play(what)
            cable.wait_played()

    terminal = open_window("xterm", "terminal")
    say(clip)
    wait_for(lambda: WORDS in plain(terminal.text), "the words in the terminal")
    note = open_window("tk", "note")
    say(clip)
    wait_for(lambda: WORDS in plain(note.text), "the words in the note")
    text = note.text
    say(order)
    wait_for(lambda: note.text == "", "the words to be scratched")
    assert dictating.ask("again") == "done"
    wait_for(lambda: note.text == text, "the words to come back")
    assert dictating.ask("undo") == "done"
    wait_for(lambda: note.text == "", "the words to go")
    assert len(dictating.ask("history", "COUNTRY").splitlines()) == 2

    dictating.ask("start")
    dictating.hears()
    cable.play(clip)
    cable.wait_played()
    dictating.end(signal.SIGKILL)
    dictating = dictate()
    wait_for(lambda: "is number 3 of the history" in dictating.said, "the recovery")
    assert dictating.ask("copy", 3) == "done"
    with hold(display, "Control_L", "v"):
        wait_for(lambda: WORDS in plain(note.text), "the recovered words")
    assert dictating.end() == 0


def test_what_is_said_when_it_is_killed_is_recovered(
    dictate: Dictate, cable: Cable, clip: Path, tmp_path: Path
) -> None:
    dictating = dictate("--print")
    dictating.ask("start")
    dictating.hears()
    cable.play(clip)
    cable.wait_played()
    dictating.end(signal.SIGKILL)
    assert len(list(journal_of(tmp_path).glob("*.wav"))) == 1
    again = dictate("--print")
    wait_for(lambda: "is number 1 of the history" in again.said, "the recovery")
    assert WORDS in plain(again.ask("history", "--number", 1))
    assert list(journal_of(tmp_path).iterdir()) == []
    assert WORDS not in plain(again.said)


def test_nothing_is_typed_where_the_focus_was_taken(
    dictate: Dictate, display: Any, open_window: Callable[[str, str], Window], cable: Cable, clip: Path
) -> None:
    note = open_window("tk", "note")
    dictating = dictate()
    dictating.ask("start")
    dictating.hears()
    cable.play(clip)
    thief = open_window("xterm", "thief")
    cable.wait_played()
    dictating.ask("stop")
    wait_for(lambda: "another window took the focus" in dictating.said, "the words")
    assert (note.text, thief.text) == ("", "")
    assert "the text is in the clipboard; it is number 1 of the history" in dictating.said
    assert dictating.ask("copy", 1) == "done"
    assert dictating.ask("again") == "done"
    wait_for(lambda: WORDS in plain(thief.text), "the words, in the window that is meant now")


def test_under_wayland_a_compositor_may_call_the_commands(
    dictate: Dictate, cable: Cable, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing_compositor() or not command_of("foot", tmp_path):
        pytest.skip(f"no compositor without {missing_compositor() or 'foot: apt install foot'}")
    path = tmp_path / "note.txt"
    with compositor() as environment:
        named = {name: environment[name] for name in ("XDG_RUNTIME_DIR", "WAYLAND_DISPLAY")}
        for name, value in named.items():
            monkeypatch.setenv(name, value)
        window = Window(path, *command_of("foot", path), environment=environment)
        typist = choose_typist()
        try:
            wait_for_focus(typist.focused, (None,), "the window to have the focus")
            dictating = dictate(**named)
            assert "`edgewise dictate toggle` starts and stops it" in dictating.said
            dictating.ask("start")
            dictating.hears()
            cable.play(clip)
            cable.wait_played()
            dictating.ask("stop")
            wait_for(lambda: WORDS in plain(window.text), "the words")
            assert dictating.ask("undo").endswith("this program does not tell what is before the cursor")
            assert dictating.end() == 0
        finally:
            typist.close()
            window.close()


def resident_mb(dictating: Dictating) -> float:
    """Memory of the process, in megabytes."""
    status = Path(f"/proc/{dictating.process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1000


def test_the_model_leaves_when_nobody_speaks_and_is_back_for_the_next_text(
    dictate: Dictate, cable: Cable, clip: Path
) -> None:
    dictating = dictate("--print", "--keep-open", 0, "--unload", 0)
    for _ in range(2):
        dictating.ask("start")
        dictating.hears()
        cable.play(clip)
        cable.wait_played()
        with_model_mb = resident_mb(dictating) if sys.platform == "linux" else 0
        dictating.ask("stop")
        assert WORDS in plain(dictating.line())
        if with_model_mb:
            wait_for(partial(has_shrunk, dictating, with_model_mb - 25), "the model to leave")


def has_shrunk(dictating: Dictating, most_mb: float) -> bool:
    return resident_mb(dictating) < most_mb


def test_texts_are_printed_without_a_desktop(dictate: Dictate, cable: Cable, clip: Path, tmp_path: Path) -> None:
    dictating = dictate("--print", "--keep-open", 0, "--hook", f"tee {tmp_path}/facts.json")
    assert "neither WAYLAND_DISPLAY nor DISPLAY is set" in dictating.said
    assert dictating.ask("status") == "idle"
    assert dictating.ask("toggle") == "preparing"
    dictating.hears()
    cable.play(clip)
    cable.wait_played()
    assert dictating.ask("toggle") == "stopped"
    line = dictating.line()
    assert WORDS in plain(line)
    assert line.strip() in (tmp_path / "facts.json").read_text(encoding="utf-8")
    if sys.platform == "linux":
        wait_for(partial(has_shrunk, dictating, IDLE_MB), "what one text needs to be given back")
    assert dictating.end() == 0


def test_a_panel_shows_what_goes_on_and_commands_it(dictate: Dictate, cable: Cable, tmp_path: Path) -> None:
    pytest.importorskip("jeepney")
    with session_bus(tmp_path) as (address, _):
        dictating = dictate("--print", "--tray", "--overlay", DBUS_SESSION_BUS_ADDRESS=address)
        assert dictating.said.count("there is no desktop") == 2  # for the key, and for the overlay
        assert "no panel here shows icons; the icon comes with the first one that does" in dictating.said
        with Panel(address) as panel:
            panel.wait_for_item()
            panel.choose(panel.line("Dictate"))
            dictating.hears()
            wait_for(lambda: panel.properties()["ToolTip"][3] == "listening", "the icon")
            panel.choose(panel.line("Cancel"))
            wait_for(lambda: [line[1] for line in panel.menu()][:2] == ["Idle", "Dictate"], "the end")
            panel.choose(panel.line("Quit"))
            assert dictating.process.wait(30) == 0


def test_hands_free_each_pause_ends_a_text(dictate: Dictate, cable: Cable, clip: Path) -> None:
    dictating = dictate("--print", "--endpoint", "quick")
    dictating.hears()
    cable.play(clip)
    assert WORDS in plain(dictating.line())
    cable.play(clip)
    cable.wait_played()
    dictating.process.send_signal(signal.SIGTERM)  # what is said by then is written
    assert WORDS in plain(dictating.line())
    assert dictating.process.wait(30) == 0


def test_a_second_one_is_refused(dictate: Dictate, tiny_en_int8: Path) -> None:
    dictating = dictate("--print")
    assert dictating.ask("--print", "--model", tiny_en_int8).endswith(
        "a dictation is running already; see `edgewise dictate status`"
    )


def test_without_a_dictation_commands_say_so(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    for command in ("start", "stop", "status", "undo", "copy"):
        outcome = run("dictate", command)
        assert outcome.status == 1
        assert outcome.message == "edgewise: no dictation is running; start it with `edgewise dictate`"
