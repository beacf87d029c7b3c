"""`edgewise transcribe` with a stand-in for the model: its options, and what one failure leaves."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import sys
import wave
from pathlib import Path
from typing import Any

import pytest

import edge
from edge.errors import AudioError, ModelNotFoundError
from edge.listen.vad.options import VadOptions

from .conftest import FakeModel, MakeWav, Run


def test_passes_what_is_said_about_speech_detection_on(run: Run, model: FakeModel, clip: Path) -> None:
    run("transcribe", clip)
    assert model.settings[-1] == {}
    run("transcribe", clip, "--vad", "--vad-threshold", 0.6, "--vad-min-silence-ms", 300)
    assert model.settings[-1] == {"vad": True, "vad_options": VadOptions(threshold=0.6, min_silence_ms=300)}
    run("transcribe", clip, "--no-vad")
    assert model.settings[-1] == {"vad": False}
    outcome = run("transcribe", clip, "--vad-threshold", 7)
    assert (outcome.status, outcome.out) == (1, "")
    assert "threshold is 7.0; expected a probability between 0 and 1" in outcome.err


def test_takes_raw_pcm_where_it_is_asked_to(run: Run, model: FakeModel, tmp_path: Path) -> None:
    path = tmp_path / "clip.bin"
    path.write_bytes(b"dear diary, today\n" * 3555 + bytes(10))
    outcome = run("transcribe", path)
    assert (outcome.status, outcome.out) == (1, "")
    assert "clip.bin" in outcome.err
    assert run("transcribe", path, "--raw").out == "2.0 s, größer & <kleiner>\n"
    assert model.settings[-1] == {"raw": True}


def test_prints_the_words_and_nothing_else(run: Run, model: FakeModel, clip: Path) -> None:
    outcome = run("transcribe", clip)
    assert (outcome.status, outcome.out, outcome.err) == (0, "1.5 s, größer & <kleiner>\n", "")


def test_passes_the_options_on(run: Run, model: FakeModel, clip: Path) -> None:
    run("transcribe", clip, "--model", "base", "--precision", "int4", "--threads", 3, "--language", "German")
    assert model.loaded_with == ("base", {"precision": "int4", "threads": 3, "engine": "edgewise", "offline": None})
    assert model.settings == [{"language": "de"}]
    run("transcribe", clip, "--offline", "--language", "auto")
    assert model.loaded_with == ("tiny.en", {"precision": None, "threads": None, "engine": "edgewise", "offline": True})
    run("transcribe", clip, "--context", "full")
    assert model.settings[1:] == [{}, {"context": "full"}]
    run("transcribe", clip, "--engine", "onnxruntime")
    expected = {"precision": None, "engine": "onnxruntime", "threads": None, "offline": None}
    assert model.loaded_with == ("tiny.en", expected)


def test_passes_the_track_on_and_looks_for_it_before_the_model_is_loaded(
    run: Run, model: FakeModel, clip: Path
) -> None:
    assert run("transcribe", clip, "--track", 1).status == 0
    assert model.settings == [{"track": 1}]
    model.loaded_with = None
    outcome = run("transcribe", clip, "--track", 2)
    assert (outcome.status, model.loaded_with) == (1, None)
    assert "has no audio track 2" in outcome.err


def test_reads_a_vocabulary(run: Run, model: FakeModel, clip: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("\ufeff# people\nMakan\n\n San  Francisco \nMakan\n", encoding="utf-8")
    run("transcribe", clip, "--vocabulary", words, "--vocabulary-strength", 2, "--initial-prompt", "Names.")
    expected = {"vocabulary": ("Makan", "San Francisco"), "vocabulary_strength": 2.0, "initial_prompt": "Names."}
    assert model.settings == [expected]
    for content, message in (
        (b"# nothing\n", "expected words, one a line, found none"),
        (b"\xff\xfe\x00", "expected UTF-8 text, one word a line"),
        (b"x" * 81, "expected words of at most 80 letters"),
        (b"word\n" * 2_000_000, "expected a file of words of at most 8 MB, found more"),
        (None, "No such file or directory"),
    ):
        if content is None:
            words.unlink()
        else:
            words.write_bytes(content)
        outcome = run("transcribe", clip, "--vocabulary", words)
        assert (outcome.status, outcome.out) == (1, "")
        assert "words.txt: " in outcome.err
        assert message in outcome.err


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ([], {}),
        (["--beam-size", 5, "--patience", 2, "--length-penalty", 0.6], {"patience": 2.0, "length_penalty": 0.6}),
        (["--n-best", 5, "--best-of", 3, "--seed", 7], {"n_best": 5, "best_of": 3, "seed": 7}),
        (["--no-temperature-fallback"], {"temperature": (0.0,)}),
        (["--temperature", 0.5], {"temperature": (0.5, 0.7, 0.9)}),
        (["--temperature", 0.5, "--no-temperature-fallback"], {"temperature": (0.5,)}),
        (["--temperature", 0], {"temperature": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)}),
        (["--temperature", 1.5], {"temperature": (1.5,)}),
        (["--languages", "en,German", "--multilingual"], {"languages": ("en", "de"), "multilingual": True}),
        (["--task", "translate"], {"task": "translate"}),
    ],
)
def test_passes_on_how_to_decode(
    run: Run, model: FakeModel, clip: Path, arguments: list[Any], settings: dict[str, Any]
) -> None:
    assert run("transcribe", clip, *arguments).status == 0
    assert model.settings == [settings | ({"beam_size": 5} if "--beam-size" in arguments else {})]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--n-best", 9, "--beam-size", 4], 1, "n_best is 9, but beam_size 4 finds no more than that: raise beam_size"),
        (["--beam-size", 99], 1, "beam_size is 99; expected 1 to 32"),
        (["--temperature", -1], 1, "temperature is -1; expected a number from 0 to 2"),
        (["--temperature", "inf"], 1, "temperature is inf; expected a number from 0 to 2"),
        (["--temperature", "nan"], 1, "temperature is nan; expected a number from 0 to 2"),
        (["--temperature", "1e400", "--no-temperature-fallback"], 1, "temperature is inf; expected"),
        (["--initial-prompt", "\udcfcber"], 1, "initial_prompt holds '\\udcfc', which is not a character"),
        (["--initial-prompt", "x" * 10_001], 1, "initial_prompt has 10001 characters; expected at most 10000"),
        (["--vocabulary", os.devnull], 1, "expected a file of words, found a folder, a pipe or a device"),
        (["--patience", "nan"], 1, "patience is nan; expected a factor above 0"),
        (["--seed", -1], 1, "seed is -1; expected a number of 0 or more"),
        (["--seed", "9" * 30], 1, "expected a number of 0 or more, below 2**64"),
        (["--vad-min-speech-ms", "9" * 30], 1, "expected milliseconds from 0 to 60000"),
        (["--vad-max-speech-s", "nan"], 1, "max_speech_s is nan; expected seconds"),
        (["--threads", "1.5"], 2, "--threads: expected a number of 1 or more, found '1.5'"),
        (["--language", "x" * 100_000], 2, "unknown language 'xxx"),
        (["--language", "fr", "--languages", "en,de"], 1, "language is 'fr', which is not among languages, en, de"),
        (["--beam-size", 0], 2, "--beam-size: expected a number of 1 or more, found '0'"),
        (["--languages", "en,auto"], 2, "--languages: auto is not a language to choose among"),
        (["--languages", "en,klingon"], 2, "--languages: unknown language 'klingon'"),
    ],
)
def test_what_cannot_be_is_said_before_a_model_is_loaded(
    run: Run, model: FakeModel, clip: Path, arguments: list[Any], status: int, message: str
) -> None:
    outcome = run("transcribe", clip, *arguments)
    assert outcome.status == status
    assert message in outcome.err
    assert model.loaded_with is None


def test_formats(run: Run, model: FakeModel, clip: Path) -> None:
    assert json.loads(run("transcribe", clip, "--format", "json").out)["duration"] == 1.5
    assert "00:00:00,000 --> 00:00:01,500" in run("transcribe", clip, "--format", "srt").out
    assert run("transcribe", clip, "--format", "vtt").out.startswith("WEBVTT\n")


def test_subtitles_have_the_width_and_lines_asked_for(run: Run, model: FakeModel, clip: Path) -> None:
    outcome = run("transcribe", clip, "--format", "srt", "--max-line-width", 15, "--max-line-count", 1)
    assert outcome.out.splitlines()[2::4] == ["1.5 s, größer", "& &lt;kleiner>"]


def test_timing_is_on_standard_error(run: Run, model: FakeModel, clip: Path) -> None:
    outcome = run("transcribe", clip, "--timing")
    assert outcome.out == "1.5 s, größer & <kleiner>\n"
    assert "1.5 s of audio in 0.50 s (3.0 x real time)" in outcome.message
    assert "load 20 ms" in outcome.message


def test_output_dir(run: Run, model: FakeModel, clip: Path, wav: MakeWav, tmp_path: Path) -> None:
    other = wav(0.5, tmp_path / "other.name.wav")
    outcome = run("transcribe", clip, other, "--output-dir", tmp_path / "a" / "b", "--format", "srt")
    assert (outcome.status, outcome.out) == (0, "")
    written = sorted(path.name for path in (tmp_path / "a" / "b").iterdir())
    assert written == ["clip.srt", "other.name.srt"]
    assert "größer" in (tmp_path / "a" / "b" / "clip.srt").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_leaves_nothing(
    run: Run, model: FakeModel, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    outcome = run("transcribe", clip, "--output-dir", tmp_path / "out")
    written = tmp_path / "out" / "clip.txt"
    assert outcome.status == 1
    assert outcome.message.startswith(f"edgewise: {clip}: {written}: No space left on device")
    assert [*(tmp_path / "out").iterdir(), *(tmp_path / "elsewhere").iterdir()] == []


def test_several_recordings_are_told_apart(
    run: Run, model: FakeModel, clip: Path, wav: MakeWav, tmp_path: Path
) -> None:
    other = wav(0.5, tmp_path / "other.wav")
    outcome = run("transcribe", clip, other)
    assert outcome.out.splitlines() == ["1.5 s, größer & <kleiner>", "0.5 s, größer & <kleiner>"]
    assert outcome.err.splitlines() == [
        f"==> {clip} <==",
        f"==> {other} <==",
        "edgewise: 2 of 2 recordings transcribed; 2.0 s of audio in 1.0 s (2.0 x real time)",
    ]


def test_one_failure_does_not_lose_the_others(
    run: Run, model: FakeModel, clip: Path, wav: MakeWav, tmp_path: Path
) -> None:
    bad = wav(0.5, tmp_path / "bad.wav")
    odd = wav(0.5, tmp_path / "odd.wav")
    model.fails_with = {
        "bad.wav": AudioError("bad.wav is damaged: record it again"),
        "odd.wav": KeyError("x"),
    }
    outcome = run("transcribe", bad, odd, tmp_path / "absent.wav", clip)
    assert outcome.status == 1
    assert outcome.out.splitlines()[-1] == "1.5 s, größer & <kleiner>"
    lines = outcome.err.splitlines()
    assert lines[0].startswith("edgewise: ")
    assert "absent.wav" in lines[0]
    assert "edgewise: bad.wav is damaged: record it again" in lines
    assert f"edgewise: {odd}: unexpected KeyError" in outcome.err
    assert lines[-1].startswith(
        f"edgewise: 1 of 4 recordings transcribed; 3 failed ({tmp_path / 'absent.wav'}, {bad}, "
    )


def test_what_cannot_be_opened_is_said_before_a_model_is_loaded(run: Run, model: FakeModel, tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("These are the words themselves, not a recording of them.")
    empty = tmp_path / "empty.wav"
    empty.touch()
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (tmp_path / "absent.wav", folder, text, empty):
        outcome = run("transcribe", path)
        assert outcome.status == 1
        assert outcome.message.startswith("edgewise: ")
        assert path.name in outcome.message
    assert model.loaded_with is None


def test_ctrl_c_in_the_middle(run: Run, model: FakeModel, clip: Path) -> None:
    model.fails_with = {"clip.wav": KeyboardInterrupt()}
    outcome = run("transcribe", clip)
    words = "1.5 s, größer & <kleiner>\n"  # what was found before stays
    assert (outcome.status, outcome.out, outcome.message) == (130, words, "edgewise: interrupted")


def test_a_model_that_is_not_there(run: Run, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, **options: Any) -> None:
        raise ModelNotFoundError("no model is called 'x'; did you mean y?")

    monkeypatch.setitem(vars(edge), "load", load)
    outcome = run("transcribe", clip, "--model", "x")
    assert (outcome.status, outcome.message) == (1, "edgewise: no model is called 'x'; did you mean y?")


@pytest.mark.parametrize("form", ["wav", "raw"])
def test_standard_input(
    run: Run, model: FakeModel, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    body = clip.read_bytes() if form == "wav" else bytes(48000)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(body)))
    assert run("transcribe", "-").out.startswith("1.5 s")


def test_standard_input_to_a_file(run: Run, model: FakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(bytes(48000))))
    assert run("transcribe", "-", "--output-dir", tmp_path).status == 0
    assert (tmp_path / "stdin.txt").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_opened_once(run: Run, model: FakeModel, clip: Path, tmp_path: Path) -> None:
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(clip.read_bytes()), daemon=True)
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


def test_demo(run: Run, model: FakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With everything in the cache, only loading and transcribing are left to be timed."""
    from edge.prepare import model_place
    from edge.store import Store
    from edge.store.files import sha256_of

    store = Store()
    store.place("jfk").parent.mkdir(parents=True)
    with wave.open(str(store.place("jfk")), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(store.asset("jfk").size - 44))
    asset = store.asset("jfk")
    pinned = dataclasses.replace(asset.files[0], sha256=sha256_of(store.place("jfk")))
    catalogue = {**store.catalogue, "jfk": dataclasses.replace(asset, files=(pinned,))}
    del catalogue["silero-vad"]  # it would be fetched
    monkeypatch.setattr("edge.store.store.read_catalogue", lambda: catalogue)
    exported = model_place("tiny.en", "int8", store=store)
    exported.parent.mkdir(parents=True)
    exported.touch()
    outcome = run("transcribe", "--demo")
    assert (outcome.status, outcome.out) == (0, "11.0 s, größer & <kleiner>\n")
    assert model.loaded_with is not None
    assert model.loaded_with[0] == "tiny.en"
    steps = [" ".join(line.split()[:-2]) for line in outcome.err.splitlines()]
    assert steps[:2] == ["load the model", "transcribe"]


def test_demo_offline_with_an_empty_cache(run: Run, model: FakeModel) -> None:
    outcome = run("transcribe", "--demo", "--offline")
    assert (outcome.status, outcome.out) == (1, "")
    assert "edgewise models pull jfk" in outcome.message


def test_words_are_in_the_json(run: Run, model: FakeModel, clip: Path) -> None:
    for option in ("--word-timestamps", "--confidence"):
        (segment,) = json.loads(run("transcribe", clip, option, "--format", "json").out)["segments"]
        assert [word["word"] for word in segment["words"]] == [" 1.5", " s, größer & <kleiner>"]
    (segment,) = json.loads(run("transcribe", clip, "--format", "json").out)["segments"]
    assert "words" not in segment


def test_doubts_are_no_colors_where_there_is_no_terminal(run: Run, model: FakeModel, clip: Path) -> None:
    outcome = run("transcribe", clip, "--confidence")
    assert (outcome.status, outcome.out, outcome.err) == (0, "1.5 s, größer & <kleiner>\n", "")


def test_doubts_are_colored_on_a_terminal(
    run: Run, model: FakeModel, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.cli.console.colors.shows_colors", lambda stream: True)
    outcome = run("transcribe", clip, "--confidence")
    assert outcome.out == "\x1b[1;31m1.5\x1b[0m \x1b[33ms, größer & <kleiner>\x1b[0m\n"
    assert outcome.err.startswith("colors: yellow words are less than 80 % sure")


def test_subtitles_show_no_doubts(run: Run, model: FakeModel, clip: Path) -> None:
    outcome = run("transcribe", clip, "--confidence", "--format", "srt")
    assert outcome.status == 2
    assert "--confidence shows in txt, json and jsonl, not in srt" in outcome.err


def test_writes_by_rules_where_that_is_asked_for(run: Run, model: FakeModel, clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("text_to_num")
    model.says = " Um, I paid twenty five dollars."
    assert run("transcribe", clip).out == "Um, I paid twenty five dollars.\n"
    assert run("transcribe", clip, "--written").out == "I paid $25.\n"
    run("transcribe", clip, "--written", "-f", "json,srt", "-o", tmp_path / "out")
    told = json.loads((tmp_path / "out" / "clip.json").read_text(encoding="utf-8"))
    assert told["text"] == "I paid $25."
    assert told["segments"][0]["original"] == model.says
    assert "I paid $25." in (tmp_path / "out" / "clip.srt").read_text(encoding="utf-8")


def test_says_what_the_rules_need_before_a_model_is_loaded(
    run: Run, model: FakeModel, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "text_to_num", None)
    outcome = run("transcribe", clip, "--written")
    assert (outcome.status, outcome.out, model.loaded_with) == (1, "", None)
    assert 'pip install "edgewise[written]"' in outcome.err
