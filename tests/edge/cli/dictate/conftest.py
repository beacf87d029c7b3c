"""`edgewise dictate` in a process of its own, with a microphone and windows."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from benchmarks.desktop.cable import Cable, missing
from benchmarks.desktop.screen import Window, command_of, screen, wait_for, wait_for_focus
from benchmarks.desktop.screen import missing as missing_screen
from edge.store import Store

HOME = os.environ.get("EDGEWISE_HOME")
"""The home with the models; a test's own has none."""

FROM_S, TO_S = 7.9, 10.8
NOISE_S = 300
"""Seconds of the noise that every microphone has; what gives exact silence is taken to be muted."""
WORDS = "what you can do for your country"


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


def plain(text: str) -> str:
    return re.sub(r"[^\w ]", "", text).lower()
