"""What becomes of transcripts that cannot be written, and of those of which something is missing."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from edge.gaps import Gap

from ..conftest import FakeModel, MakeWav, Run

GAPS = (
    Gap(12.0, 14.1, "bad\nframe", "damage"),
    Gap(20.0, 20.0, "the end is missing", "damage"),
    Gap(30.0, 31.1, "speech of 1.1 s", "unread"),
)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


class Refusing:
    """A rename that fails for some names, the first few times."""

    def __init__(self, part: str, times: int = 1000) -> None:
        self._rename = Path.replace
        self._part = part
        self._times = times

    def __call__(self, source: Path, target: Path) -> Path:
        if self._part in str(target) and self._times:
            self._times -= 1
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        return self._rename(source, target)


def refuse(monkeypatch: pytest.MonkeyPatch, part: str, times: int = 1000) -> None:
    refusing = Refusing(part, times)
    monkeypatch.setattr(Path, "replace", lambda source, target: refusing(source, target))


def test_one_file_that_cannot_be_written_loses_no_other(
    run: Run, model: FakeModel, clip: Path, out: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "out/clip.json")
    outcome = run("transcribe", clip, "--output-dir", out, "--format", "srt,json,txt")
    assert outcome.status == 1
    assert sorted(path.name for path in out.iterdir()) == ["clip.srt", "clip.txt"]
    (rescued,) = elsewhere.rglob("*.json")
    assert json.loads(rescued.read_text())["duration"] == 1.5
    written, failed = outcome.err.splitlines()
    assert written == f"edgewise: wrote {out / 'clip'}.{{srt,txt}}"
    assert failed.startswith(f"edgewise: {clip}: {out / 'clip.json'}: {os.strerror(errno.EDQUOT)}; make room")
    assert failed.endswith(f"; it was written to {rescued} instead")


def test_a_second_attempt_may_succeed(
    run: Run, model: FakeModel, clip: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "clip.txt", times=1)
    outcome = run("transcribe", clip, "--output-dir", out)
    assert (outcome.status, outcome.message) == (0, f"edgewise: wrote {out / 'clip'}.txt")


def test_a_folder_in_place_of_the_file(run: Run, model: FakeModel, clip: Path, out: Path, elsewhere: Path) -> None:
    (out / "clip.txt").mkdir(parents=True)
    outcome = run("transcribe", clip, "--output-dir", out)
    assert outcome.status == 1
    assert f"{out / 'clip.txt'}: Is a directory" in outcome.message
    assert len(list(elsewhere.rglob("clip.txt"))) == 1


def test_a_full_standard_output_fails_a_recording_and_is_tried_for_the_next(
    run: Run, model: FakeModel, clip: Path, wav: MakeWav, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = wav(0.5, tmp_path / "other.wav")
    written: list[str] = []

    class Full:
        encoding, closed = "utf-8", False

        def isatty(self) -> bool:
            return False

        def write(self, text: str) -> None:
            if not model.heard[1:]:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written.append(text)

        def flush(self) -> None: ...

    monkeypatch.setattr("sys.stdout", Full())
    outcome = run("transcribe", clip, other, "--format", "jsonl")
    assert outcome.status == 1
    assert f"{clip}: standard output: No space left on device; make room" in outcome.err
    assert [json.loads(line)["event"] for line in written] == ["segment", "end"]


def test_what_is_missing_is_said_and_noted(
    run: Run, model: FakeModel, clip: Path, wav: MakeWav, tmp_path: Path, out: Path
) -> None:
    other = wav(0.5, tmp_path / "other.wav")
    model.gaps = {"clip.wav": GAPS}
    outcome = run("transcribe", clip, other, "--output-dir", out, "--format", "json")
    assert outcome.status == 0, "what could be read was"
    lines = outcome.err.splitlines()
    assert lines[0] == (
        f"edgewise: {clip}: 3 stretches are missing (3.2 s and more): 12.00 to 14.10 s, damaged: bad frame; "
        "at 20.00 s, damaged: the end is missing; 30.00 to 31.10 s, speech without words: speech of 1.1 s"
    )
    assert lines[-1].startswith(f"edgewise: 2 of 2 recordings transcribed; 1 with something missing ({clip}); 2.0 s")
    assert sorted(path.name for path in out.iterdir()) == ["clip.gaps.json", "clip.json", "other.json"]
    note = json.loads((out / "clip.gaps.json").read_text())
    assert note["file"] == str(clip)
    assert note["gaps"] == json.loads((out / "clip.json").read_text())["gaps"]
    assert note["gaps"][0] == {"start": 12.0, "end": 14.1, "reason": "bad\nframe", "cause": "damage"}


def test_resume_does_again_what_has_gaps(run: Run, model: FakeModel, clip: Path, out: Path) -> None:
    command = ("transcribe", clip, "--resume", "--output-dir", out)
    model.gaps = {"clip.wav": GAPS[:1]}
    assert "1 stretch is missing (2.1 s): 12.00" in run(*command).err
    for _ in range(2):
        assert run(*command).err.splitlines()[-1].startswith(f"edgewise: wrote {out / 'clip'}.txt")
    assert run(*command, "--accept-damaged").message == (
        "edgewise: 0 of 1 recordings transcribed; 1 skipped, done before"
    )
    assert len(model.heard) == 3
    model.gaps = {}
    assert run(*command).status == 0
    assert [path.name for path in out.iterdir()] == ["clip.txt"]
    assert "1 skipped" in run(*command).message


def test_the_note_is_there_before_the_transcripts_and_goes_after_them(
    run: Run, model: FakeModel, clip: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    rename = Path.replace

    def watch(source: Path, target: Path) -> Path:
        seen.append((target.name, (out / "clip.gaps.json").exists()))
        return rename(source, target)

    monkeypatch.setattr(Path, "replace", watch)
    model.gaps = {"clip.wav": GAPS}
    run("transcribe", clip, "--output-dir", out)
    model.gaps = {}
    run("transcribe", clip, "--output-dir", out)
    assert seen == [("clip.gaps.json", False), ("clip.txt", True), ("clip.txt", True)]
    assert not (out / "clip.gaps.json").exists()


def test_a_transcript_without_its_note_is_not_left_for_resume(
    run: Run, model: FakeModel, clip: Path, out: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "gaps.json")
    model.gaps = {"clip.wav": GAPS}
    outcome = run("transcribe", clip, "--output-dir", out)
    assert outcome.status == 1
    assert list(out.iterdir()) == []
    assert len(list(elsewhere.rglob("clip.txt"))) == 1


def test_a_transcript_where_the_note_should_be_is_not_lost(
    run: Run, model: FakeModel, clip: Path, out: Path, elsewhere: Path
) -> None:
    out.mkdir()
    (out / "clip.gaps.json").write_text('{"segments": []}')
    run("transcribe", clip, "--output-dir", out)
    model.gaps = {"clip.wav": GAPS}
    assert "is a transcript where a note of gaps should be: move it" in run("transcribe", clip, "-o", out).err
    assert (out / "clip.gaps.json").read_text() == '{"segments": []}'


def test_accepting_what_is_damaged_is_about_resuming(run: Run, clip: Path, out: Path) -> None:
    outcome = run("transcribe", clip, "--output-dir", out, "--accept-damaged")
    assert outcome.status == 2
    assert "give --resume with it" in outcome.err


def test_names_and_words_are_harmless_on_standard_error(
    run: Run, model: FakeModel, wav: MakeWav, tmp_path: Path
) -> None:
    for name in ("x\x1b]2;pwned\x07\x1b[2Jname.wav", "y\u202egnp.wav"):
        wav(0.5, tmp_path / "talks" / name)
    (tmp_path / "talks" / "bad\x1b[31m.wav").write_text("no")
    for arguments in (("--output-dir", tmp_path / "out"), ("--timing",), ()):
        outcome = run("transcribe", tmp_path / "talks", *arguments)
        assert outcome.status == 1
        assert not {"\x1b", "\x07", "\u202e"} & set(outcome.err)
        assert "\\x1b[2Jname" in outcome.err
