"""Many recordings in one run: trees, --resume, failures and interruptions, and the line at the end."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.cli.main import main
from edge.errors import AudioError
from edge.transcript.formats import FORMATS
from edge.transcript.transcript import Transcript
from edge.transcript.types import Segment

from .conftest import FakeModel, MakeWav, Run


@pytest.fixture
def talks(wav: MakeWav, tmp_path: Path) -> Path:
    """Three recordings, two of them of the same name."""
    for name in ("a.wav", "day1/a.wav", "day1/b.wav"):
        wav(0.5, tmp_path / "talks" / name)
    return tmp_path / "talks"


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_keeps_its_tree(run: Run, model: FakeModel, talks: Path, tmp_path: Path) -> None:
    outcome = run("transcribe", talks, "--format", "srt,json", "-f", "txt", "--output-dir", tmp_path / "out")
    assert (outcome.status, outcome.out) == (0, "")
    assert tree(tmp_path / "out") == [
        f"{stem}.{format}" for stem in ("a", "day1/a", "day1/b") for format in ("json", "srt", "txt")
    ]
    assert outcome.err.splitlines()[0] == f"edgewise: wrote {tmp_path / 'out' / 'a'}.{{srt,json,txt}}"
    assert outcome.err.splitlines()[-1] == (
        "edgewise: 3 of 3 recordings transcribed; 1.5 s of audio in 1.5 s (1.0 x real time)"
    )


def test_all_formats(run: Run, model: FakeModel, clip: Path, tmp_path: Path) -> None:
    assert run("transcribe", clip, "--format", "all", "--output-dir", tmp_path / "out").status == 0
    assert tree(tmp_path / "out") == sorted(f"clip.{format}" for format in FORMATS)
    for format in FORMATS:
        assert f" {format}" in run("transcribe", "--help").out


def test_transcripts_may_lie_beside_their_recordings(run: Run, model: FakeModel, talks: Path) -> None:
    assert run("transcribe", talks, "--output-dir", talks).status == 0
    assert tree(talks) == ["a.txt", "a.wav", "day1/a.txt", "day1/a.wav", "day1/b.txt", "day1/b.wav"]


def test_two_recordings_never_get_the_same_file(
    run: Run, model: FakeModel, talks: Path, wav: MakeWav, tmp_path: Path
) -> None:
    outcome = run("transcribe", talks / "a.wav", talks / "day1" / "a.wav", "--output-dir", tmp_path / "out")
    assert outcome.status == 2
    assert "would both be written to" in outcome.err
    assert "give one folder that holds both" in outcome.err
    wav(0.5, talks / "a.flac")
    assert "rename one of them" in run("transcribe", talks, "--output-dir", tmp_path / "out").err
    assert not (tmp_path / "out").exists()


def test_resume_does_what_is_missing(run: Run, model: FakeModel, talks: Path, tmp_path: Path) -> None:
    command = ("transcribe", talks, "--resume", "--format", "txt,json", "--output-dir", tmp_path / "out")
    assert run(*command).status == 0
    model.heard.clear()
    outcome = run(*command)
    assert (outcome.status, outcome.message) == (
        0,
        "edgewise: 0 of 3 recordings transcribed; 3 skipped, done before",
    )
    (tmp_path / "out" / "a.json").unlink()
    os.utime(talks / "day1" / "b.wav", (2e9, 2e9))  # recorded again since
    outcome = run(*command)
    assert "2 of 3 recordings transcribed; 1 skipped, done before; 1.0 s of audio" in outcome.err
    assert model.heard == [str(talks / "a.wav"), str(talks / "day1" / "b.wav")]


def test_resume_loads_no_model_for_nothing(run: Run, model: FakeModel, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "clip.txt").touch()
    os.utime(clip, (1e9, 1e9))
    outcome = run("transcribe", clip, "--resume", "--output-dir", tmp_path)
    assert (outcome.status, outcome.message) == (0, "edgewise: 0 of 1 recordings transcribed; 1 skipped, done before")
    assert model.loaded_with is None


def test_resume_tries_again_what_failed(run: Run, model: FakeModel, talks: Path, tmp_path: Path) -> None:
    command = ("transcribe", talks, "--resume", "--output-dir", tmp_path / "out")
    model.fails_with = {"b.wav": AudioError("b.wav is damaged: record it again")}
    outcome = run(*command)
    assert outcome.status == 1
    assert f"2 of 3 recordings transcribed; 1 failed ({talks / 'day1' / 'b.wav'}); 1.0 s" in outcome.err
    model.fails_with = {}
    assert run(*command).status == 0
    assert tree(tmp_path / "out") == ["a.txt", "day1/a.txt", "day1/b.txt"]


def test_standard_input_is_never_done(
    run: Run, model: FakeModel, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stdin.txt").touch()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(clip.read_bytes())))
    assert run("transcribe", "-", "--resume", "--output-dir", tmp_path).status == 0
    assert (tmp_path / "stdin.txt").read_text().startswith("1.5 s")


def test_what_holds_no_recording_is_a_failure(run: Run, model: FakeModel, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    outcome = run("transcribe", tmp_path / "empty", tmp_path / "*.ogg", clip)
    assert outcome.status == 1
    assert f"edgewise: {tmp_path / 'empty'}: expected recordings (" in outcome.err
    assert "1 of 3 recordings transcribed; 2 failed (" in outcome.err


def test_a_folder_that_cannot_be_written_is_found_out_first(
    run: Run, model: FakeModel, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    outcome = run("transcribe", clip, "--output-dir", tmp_path)
    assert (outcome.status, outcome.message) == (
        1,
        f"edgewise: {tmp_path}: cannot be written to; choose another --output-dir",
    )
    assert model.loaded_with is None


def test_a_file_in_place_of_the_folder(run: Run, model: FakeModel, clip: Path) -> None:
    outcome = run("transcribe", clip, "--output-dir", clip)
    assert (outcome.status, outcome.message) == (1, f"edgewise: {clip}: File exists")


def test_events_of_several_recordings(run: Run, model: FakeModel, talks: Path, tmp_path: Path) -> None:
    model.fails_with = {"b.wav": AudioError("b.wav is damaged: record it again")}
    outcome = run("transcribe", tmp_path / "gone.wav", talks, "--format", "jsonl")
    assert outcome.status == 1
    events = [json.loads(line) for line in outcome.out.splitlines()]
    assert [(event["event"], Path(event["file"]).name) for event in events] == [
        ("error", "gone.wav"),
        *[("segment", "a.wav"), ("end", "a.wav")] * 2,
        ("segment", "b.wav"),
        ("error", "b.wav"),
    ]
    assert events[2] == {
        "event": "end",
        "file": str(talks / "a.wav"),
        "language": "en",
        "duration": 0.5,
        "gaps": [],
    }
    assert events[-1]["message"] == "b.wav is damaged: record it again"
    assert "==>" not in outcome.err


def test_events_are_the_same_in_a_file(run: Run, model: FakeModel, clip: Path, tmp_path: Path) -> None:
    printed = run("transcribe", clip, "--format", "jsonl").out
    run("transcribe", clip, "--format", "jsonl", "--output-dir", tmp_path)
    assert (tmp_path / "clip.jsonl").read_text(encoding="utf-8") == printed


def test_events_come_as_they_are_found(model: FakeModel, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    stream = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(stream, encoding="ascii"))
    transcribe = model.transcribe

    def look(*arguments: Any, on_segment: Callable[[Segment], None], **settings: Any) -> Transcript:
        def found(segment: Segment) -> None:
            on_segment(segment)
            seen.append(stream.getvalue())

        return transcribe(*arguments, on_segment=found, **settings)

    monkeypatch.setattr(model, "transcribe", look)
    for format in ("jsonl", "txt"):
        assert main(["transcribe", str(clip), "--format", format]) == 0
    assert json.loads(seen[0])["text"] == " 1.5 s, größer & <kleiner>"  # in ASCII, but nothing is lost
    assert seen[1].endswith(b"\n1.5 s, gr??er & <kleiner>\n")


def test_ctrl_c_keeps_what_is_done(run: Run, model: FakeModel, talks: Path, tmp_path: Path) -> None:
    model.fails_with = {"b.wav": KeyboardInterrupt()}
    outcome = run("transcribe", talks, "--output-dir", tmp_path / "out", "--format", "all")
    assert outcome.status == 130
    assert tree(tmp_path / "out") == sorted(f"{stem}.{format}" for stem in ("a", "day1/a") for format in FORMATS)
    assert outcome.err.splitlines()[-2:] == [
        "edgewise: 2 of 3 recordings transcribed; 1 left; 1.0 s of audio in 1.0 s (1.0 x real time)",
        "edgewise: interrupted",
    ]


def test_ctrl_c_while_a_file_is_written_leaves_none(
    run: Run, model: FakeModel, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    assert run("transcribe", clip, "--output-dir", tmp_path / "out").status == 130
    assert tree(tmp_path / "out") == []


def test_a_reader_that_goes_away_ends_the_run(model: FakeModel, talks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    stream = Gone()
    monkeypatch.setattr("sys.stdout", stream)
    assert main(["transcribe", str(talks), "--format", "jsonl"]) == 141
    assert len(model.heard) == 1


def test_many_failures_are_not_all_named_again(run: Run, model: FakeModel, tmp_path: Path) -> None:
    outcome = run("transcribe", *(tmp_path / f"{n}.wav" for n in range(8)))
    assert outcome.status == 1
    assert outcome.err.splitlines()[-1].endswith("4.wav and 3 more)")
