"""`edgewise transcribe` with a stand-in for the model: inputs, outputs, and what one failure leaves."""

from __future__ import annotations

import io
import json
import os
import wave
from pathlib import Path
from typing import Any

import pytest

import edge
from edge.audio import open_audio
from edge.errors import AudioError, ModelNotFoundError
from edge.transcript import Segment, Timing, Transcript
from edge.vad import VadOptions


class FakeModel:
    """Says how many seconds it heard."""

    def __init__(self) -> None:
        self.loaded_with: tuple[Any, dict[str, Any]] | None = None
        self.languages: list[str | None] = []
        self.contexts: list[str] = []
        self.fails_with: dict[str, BaseException] = {}

    def load(self, name: object, **options: Any) -> FakeModel:
        options.pop("progress")
        self.loaded_with = name, options
        return self

    def transcribe(
        self, audio: Any, *, language: str | None = None, context: str = "tail", progress: Any = None, **others: Any
    ) -> Transcript:
        self.others = others
        if error := self.fails_with.get(Path(str(audio)).name):
            raise error
        self.languages.append(language)
        self.contexts.append(context)
        with open_audio(audio) as source:
            seconds = sum(len(block) for block in source) / 16000
        text = f" {seconds:.1f} s, größer & <kleiner>"
        segment = Segment(0, 0, 0.0, seconds, text, (1,), 0.0, -0.1, 1.0, 0.0)
        timing = Timing(load_s=0.02, encode_s=0.2, decode_s=0.1, total_s=0.5, n_windows=1, n_tokens=9)
        return Transcript(text.strip(), "en", (segment,), seconds, timing)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    fake = FakeModel()
    monkeypatch.setitem(vars(edge), "load", fake.load)
    return fake


def test_passes_what_is_said_about_speech_detection_on(run: Any, model: FakeModel, clip: Path) -> None:
    run("transcribe", clip)
    assert model.others == {}
    run("transcribe", clip, "--vad", "--vad-threshold", 0.6, "--vad-min-silence-ms", 300)
    assert model.others == {"vad": True, "vad_options": VadOptions(threshold=0.6, min_silence_ms=300)}
    run("transcribe", clip, "--no-vad")
    assert model.others == {"vad": False}
    outcome = run("transcribe", clip, "--vad-threshold", 7)
    assert (outcome.status, outcome.out) == (1, "")
    assert "threshold is 7.0; expected a probability between 0 and 1" in outcome.err


def wav(seconds: float, path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(int(seconds * 32000)))
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return wav(1.5, tmp_path / "clip.wav")


def test_prints_the_words_and_nothing_else(run: Any, model: FakeModel, clip: Path) -> None:
    outcome = run("transcribe", clip)
    assert (outcome.status, outcome.out, outcome.err) == (0, "1.5 s, größer & <kleiner>\n", "")


def test_passes_the_options_on(run: Any, model: FakeModel, clip: Path) -> None:
    run("transcribe", clip, "--model", "base", "--precision", "int4", "--threads", 3, "--language", "German")
    assert model.loaded_with == ("base", {"precision": "int4", "threads": 3, "offline": None})
    assert model.languages == ["de"]
    run("transcribe", clip, "--offline", "--language", "auto")
    assert model.loaded_with == ("tiny.en", {"precision": None, "threads": None, "offline": True})
    assert model.languages == ["de", None]
    run("transcribe", clip, "--context", "full")
    assert model.contexts == ["tail", "tail", "full"]


def test_formats(run: Any, model: FakeModel, clip: Path) -> None:
    assert json.loads(run("transcribe", clip, "--format", "json").out)["duration"] == 1.5
    assert "00:00:00,000 --> 00:00:01,500" in run("transcribe", clip, "--format", "srt").out
    assert run("transcribe", clip, "--format", "vtt").out.startswith("WEBVTT\n")


def test_timing_is_on_standard_error(run: Any, model: FakeModel, clip: Path) -> None:
    outcome = run("transcribe", clip, "--timing")
    assert outcome.out == "1.5 s, größer & <kleiner>\n"
    assert "1.5 s of audio in 0.50 s (3.0 x real time)" in outcome.message
    assert "load 20 ms" in outcome.message


def test_output_dir(run: Any, model: FakeModel, clip: Path, tmp_path: Path) -> None:
    other = wav(0.5, tmp_path / "other.name.wav")
    outcome = run("transcribe", clip, other, "--output-dir", tmp_path / "a" / "b", "--format", "srt")
    assert (outcome.status, outcome.out) == (0, "")
    written = sorted(path.name for path in (tmp_path / "a" / "b").iterdir())
    assert written == ["clip.srt", "other.name.srt"]
    assert "größer" in (tmp_path / "a" / "b" / "clip.srt").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_leaves_nothing(
    run: Any, model: FakeModel, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge.cli.outputs.os.fsync", full)
    outcome = run("transcribe", clip, "--output-dir", tmp_path / "out")
    assert (outcome.status, outcome.message) == (1, f"edgewise: {clip}: No space left on device")
    assert list((tmp_path / "out").iterdir()) == []


def test_several_recordings_are_told_apart(run: Any, model: FakeModel, clip: Path, tmp_path: Path) -> None:
    other = wav(0.5, tmp_path / "other.wav")
    outcome = run("transcribe", clip, other)
    assert outcome.out.splitlines() == ["1.5 s, größer & <kleiner>", "0.5 s, größer & <kleiner>"]
    assert outcome.err.splitlines() == [f"==> {clip} <==", f"==> {other} <=="]


def test_one_failure_does_not_lose_the_others(run: Any, model: FakeModel, clip: Path, tmp_path: Path) -> None:
    bad = wav(0.5, tmp_path / "bad.wav")
    odd = wav(0.5, tmp_path / "odd.wav")
    model.fails_with = {
        "bad.wav": AudioError("bad.wav is damaged: record it again"),
        "odd.wav": KeyError("x"),
    }
    outcome = run("transcribe", bad, odd, tmp_path / "absent.wav", clip)
    assert outcome.status == 1
    assert outcome.out == "1.5 s, größer & <kleiner>\n"
    lines = outcome.err.splitlines()
    assert lines[0].startswith("edgewise: ")
    assert "absent.wav" in lines[0]
    assert "edgewise: bad.wav is damaged: record it again" in lines
    assert f"edgewise: {odd}: unexpected KeyError" in outcome.err
    assert lines[-1].startswith("edgewise: 3 of 4 recordings failed: ")


def test_what_cannot_be_opened_is_said_before_a_model_is_loaded(run: Any, model: FakeModel, tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("These are the words themselves, not a recording of them.")
    empty = tmp_path / "empty.wav"
    empty.touch()
    for path in (tmp_path / "absent.wav", tmp_path, text, empty):
        outcome = run("transcribe", path)
        assert outcome.status == 1
        assert outcome.message.startswith("edgewise: ")
        assert path.name in outcome.message
    assert model.loaded_with is None


def test_ctrl_c_in_the_middle(run: Any, model: FakeModel, clip: Path) -> None:
    model.fails_with = {"clip.wav": KeyboardInterrupt()}
    outcome = run("transcribe", clip)
    assert (outcome.status, outcome.out, outcome.message) == (130, "", "edgewise: interrupted")


def test_a_model_that_is_not_there(run: Any, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, **options: Any) -> None:
        raise ModelNotFoundError("no model is called 'x'; did you mean y?")

    monkeypatch.setitem(vars(edge), "load", load)
    outcome = run("transcribe", clip, "--model", "x")
    assert (outcome.status, outcome.message) == (1, "edgewise: no model is called 'x'; did you mean y?")


@pytest.mark.parametrize("form", ["wav", "raw"])
def test_standard_input(
    run: Any, model: FakeModel, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    body = clip.read_bytes() if form == "wav" else bytes(48000)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(body)))
    assert run("transcribe", "-").out.startswith("1.5 s")


def test_standard_input_to_a_file(run: Any, model: FakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(bytes(48000))))
    assert run("transcribe", "-", "--output-dir", tmp_path).status == 0
    assert (tmp_path / "stdin.txt").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_opened_once(run: Any, model: FakeModel, clip: Path, tmp_path: Path) -> None:
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(clip.read_bytes()))
    writer.start()
    outcome = run("transcribe", pipe)
    writer.join(timeout=10)
    assert (outcome.status, outcome.out[:5]) == (0, "1.5 s")


def test_a_terminal_of_another_age_gets_question_marks(
    model: FakeModel, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge.cli.main import main

    stream = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(stream, encoding="ascii"))
    assert main(["transcribe", str(clip)]) == 0
    assert stream.getvalue() == b"1.5 s, gr??er & <kleiner>\n"


def test_demo(run: Any, model: FakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With everything in the cache, only loading and transcribing are left to be timed."""
    from edge.store import Store

    store = Store()
    store.place("jfk").parent.mkdir(parents=True)
    with wave.open(str(store.place("jfk")), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(store.asset("jfk").size - 44))
    exported = store.model_place("tiny.en", "int8")
    exported.parent.mkdir(parents=True)
    exported.touch()
    outcome = run("transcribe", "--demo")
    assert (outcome.status, outcome.out) == (0, "11.0 s, größer & <kleiner>\n")
    assert model.loaded_with is not None
    assert model.loaded_with[0] == exported
    steps = [" ".join(line.split()[:-2]) for line in outcome.err.splitlines()]
    assert steps[:2] == ["load the model", "transcribe"]


def test_demo_offline_with_an_empty_cache(run: Any, model: FakeModel) -> None:
    outcome = run("transcribe", "--demo", "--offline")
    assert (outcome.status, outcome.out) == (1, "")
    assert "edgewise models pull jfk" in outcome.message
