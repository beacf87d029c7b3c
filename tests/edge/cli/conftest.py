"""Running the command inside the test's process, with a stand-in for the model."""

from __future__ import annotations

import os
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import edge
from edge.audio import AudioInput, open_audio
from edge.cli.main import main
from edge.gaps import Gap
from edge.transcript.transcript import Transcript
from edge.transcript.types import Decoding, Segment, Timing, Word


@dataclass(frozen=True)
class Outcome:
    """What a run of the command did."""

    status: int
    out: str
    err: str

    @property
    def message(self) -> str:
        """The one line on standard error."""
        (line,) = self.err.splitlines()
        return line


Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty cache, no network, and no setting of whoever runs the tests."""
    for name in os.environ:
        if name.upper().startswith(("EDGEWISE_", "HF_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("EDGEWISE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EDGEWISE_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "no-hub-cache"))


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `edgewise ARGUMENTS`."""

    def call(*arguments: object) -> Outcome:
        capfd.readouterr()
        status = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Outcome(status, out, err)

    return call


class FakeModel:
    """Says how many seconds it heard."""

    def __init__(self) -> None:
        self.loaded_with: tuple[object, dict[str, Any]] | None = None
        self.heard: list[str] = []
        self.settings: list[dict[str, Any]] = []
        self.fails_with: dict[str, BaseException] = {}
        """By file name; raised after the first segment."""
        self.gaps: dict[str, tuple[Gap, ...]] = {}
        """By file name; what is missing."""
        self.n_at_once = 1
        self.says: str | None = None
        """Text of the segment, where it is to be another."""

    def load(self, name: object, **options: Any) -> FakeModel:
        options.pop("progress")
        assert options.pop("kind") == "speech"
        self.loaded_with = name, options
        return self

    def transcribe(
        self,
        audio: AudioInput,
        *,
        on_segment: Callable[[Segment], None] | None = None,
        progress: object = None,
        **settings: Any,
    ) -> Transcript:
        self.heard.append(str(audio))
        self.settings.append(settings)
        with open_audio(audio, raw=settings.get("raw", False)) as source:
            seconds = sum(len(block) for block in source) / 16000
        text = self.says or f" {seconds:.1f} s, größer & <kleiner>"
        words = (Word(0.0, 0.5, text[:4], 0.4), Word(0.5, seconds, text[4:], 0.7))
        timed = words if settings.get("word_timestamps") else ()
        segment = Segment(0, 0.0, seconds, text, timed, decoding=Decoding(0, (1,), 0.0, -0.1, 1.0, 0.0))
        if on_segment is not None:
            on_segment(segment)
        if error := self.fails_with.get(Path(str(audio)).name):
            raise error
        timing = Timing(load_s=0.02, encode_s=0.2, decode_s=0.1, total_s=0.5, n_windows=1, n_tokens=9)
        gaps = self.gaps.get(Path(str(audio)).name, ())
        return Transcript(text.strip(), "en", (segment,), seconds, timing, gaps=gaps)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    """What `edge.load` gives."""
    fake = FakeModel()
    monkeypatch.setitem(vars(edge), "load", fake.load)
    return fake


MakeWav = Callable[[float, Path], Path]


@pytest.fixture(scope="session")
def wav() -> MakeWav:
    """Writes a recording of so many seconds of silence, and the folders above it."""

    def make(seconds: float, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(bytes(int(seconds * 32000)))
        return path

    return make


@pytest.fixture
def clip(wav: MakeWav, tmp_path: Path) -> Path:
    """A second and a half of silence."""
    return wav(1.5, tmp_path / "clip.wav")
