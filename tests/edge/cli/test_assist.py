"""A whole dialogue with a virtual microphone that hears the loudspeaker as well, and with a real model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

import edge
from benchmarks.desktop.cable import Cable, missing
from edge.arrays import FloatArray
from edge.store import Store
from tests.edge.assist.speech import RATE_HZ, is_here, silence, spoken

if sys.platform == "win32":
    pytest.skip("needs signals", allow_module_level=True)
pytest.importorskip("pymicro_wakeword")
pytest.importorskip("hassil")

HOME = os.environ.get("EDGEWISE_HOME")
"""The home with the models; a test's own has none."""

WITHIN_S = 15.0
COMMANDS = """
[commands]
"count to twenty" = "echo one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, twenty"
"""


class Dialogue:
    """The command in a process of its own, on a cable; what it says is kept, with what its microphone hears."""

    def __init__(self, cable: Cable, folder: Path, model: Path) -> None:
        self._cable, self._folder = cable, folder
        self.lines: list[str] = []
        (folder / "assist.toml").write_text(COMMANDS)
        environment = cable.environment | {"XDG_STATE_HOME": str(folder / "state"), "EDGEWISE_OFFLINE": "1"}
        environment |= {} if HOME is None else {"EDGEWISE_HOME": HOME}
        options = [
            "--wake",
            "alexa",
            "--model",
            model,
            "--voice",
            "espeak",
            "--patience",
            3,
            "--settings",
            folder / "assist.toml",
        ]
        command = [sys.executable, "-P", "-m", "edge.cli", "assist", *map(str, options)]
        self._process = subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, cwd=folder
        )
        form = ["--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1", "--latency-msec=50"]
        self._recorder = subprocess.Popen(
            ["parecord", *form, "--device=cable.monitor", str(folder / "heard.raw")],
            env=cable.environment,
            stderr=subprocess.DEVNULL,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def say(self, *parts: FloatArray) -> int:
        """Speak into the microphone; the number of lines before that."""
        path = self._folder / f"said-{len(list(self._folder.glob('said-*')))}.raw"
        (np.concatenate(parts) * 32767).astype("<i2").tofile(path)
        self._cable.play(path)
        return len(self.lines)

    def wait_for(self, text: str, after: int = 0) -> int:
        """Wait for a line with a text in it; the number of the line behind it."""
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline:
            for number, line in enumerate(self.lines[after:], after):
                if text in line:
                    return number + 1
            time.sleep(0.02)
        raise AssertionError(f"{text!r} is not among {self.lines[after:]}")

    @property
    def heard_s(self) -> float:
        """Seconds that were recorded."""
        path = self._folder / "heard.raw"
        return path.stat().st_size / 2 / RATE_HZ if path.exists() else 0.0

    def sound(self, from_s: float) -> FloatArray:
        """What the microphone heard since then."""
        whole = np.fromfile(self._folder / "heard.raw", "<i2")
        return (whole[round(from_s * RATE_HZ) :] / 32768).astype(np.float32)

    def end(self) -> int:
        """Ask for the end; the exit status."""
        self._process.send_signal(signal.SIGINT)
        status = self._process.wait(WITHIN_S)
        self._recorder.terminate()
        self._recorder.wait()
        self._reader.join()
        return status

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as errors:
            for line in errors:
                self.lines.append(line.strip())


@pytest.fixture(scope="session")
def detector(tiny_en_int8: Path) -> None:
    if not Store().is_here("silero-vad"):
        pytest.skip("the detector of speech is not in the store: run `edgewise transcribe --demo` once")


@pytest.fixture
def dialogue(detector: None, tiny_en_int8: Path, tmp_path: Path) -> Iterator[Dialogue]:
    if missing() or not is_here:
        pytest.skip(missing() or "no voice: apt install espeak-ng")
    with Cable(tmp_path / "server") as cable:
        made = Dialogue(cable, tmp_path, tiny_en_int8)
        try:
            yield made
        finally:
            made.end()


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_dialogue(dialogue: Dialogue, tiny_en_int8: Path, jfk_clip: Path) -> None:
    model = edge.load(tiny_en_int8)
    dialogue.wait_for('ready: say "Alexa"')

    # A command after a pause, whose answer our own recogniser reads.
    began_s = dialogue.heard_s
    at = dialogue.say(spoken("alexa"), silence(0.5), spoken("set a timer for five minutes"))
    at = dialogue.wait_for("says: Timer for 5 minutes set.", dialogue.wait_for("[HassStartTimer]", at))
    said_s = dialogue.heard_s
    _until(lambda: dialogue.heard_s > said_s + 2)
    words = model.transcribe(dialogue.sound(said_s - 0.2)).text.lower()
    assert "5 minutes set" in words.replace("five", "5"), words
    assert said_s - began_s < 8

    # Speech without the wake word, such as of a television: nothing is done.
    samples, _ = soundfile.read(jfk_clip, dtype="float32")
    at = dialogue.say(samples[: 3 * RATE_HZ], spoken("set a timer for ten minutes", before_s=0.1))
    began_s = dialogue.heard_s
    _until(lambda: dialogue.heard_s > began_s + 6)
    assert [line for line in dialogue.lines[at:] if "microphone" not in line] == []

    # A long answer, which stops when somebody speaks into it.
    at = dialogue.say(spoken("alexa"), silence(0.3), spoken("count to twenty"))
    at = dialogue.wait_for("says: one, two", at)
    said_s = dialogue.heard_s
    _until(lambda: dialogue.heard_s > said_s + 1.2)
    dialogue.say(spoken("never mind, that is enough", voice="en-us+f3"))
    dialogue.wait_for("heard: ", at)
    words = model.transcribe(dialogue.sound(said_s)).text.lower()
    assert any(word in words for word in ("2", "two", "3", "three")), words
    assert not any(word in words for word in ("20", "twenty", "12", "twelve")), words

    # The wake word, and then nothing: it waits again, and hears the next one.
    at = dialogue.say(
        silence(1.5), spoken("alexa"), silence(2.8), spoken("alexa"), silence(0.3), spoken("cancel the timer")
    )
    dialogue.wait_for("says: Timer cancelled.", at)
    assert dialogue.end() == 0
