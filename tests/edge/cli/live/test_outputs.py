"""Where words go: whole at every moment, and kept where a disk is full."""

from __future__ import annotations

import errno
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.cli.console.bar import Console
from edge.cli.live.outputs import GapTeller, GrowingFile, file_sink, printed_sink
from edge.errors import OutputError
from edge.gaps import Gap
from edge.transcript.events import End, Event, Final, Partial, Silence
from edge.transcript.formats import FORMATS, render
from edge.transcript.options import OutputOptions
from edge.transcript.transcript import Transcript
from edge.transcript.types import Segment, Timing

SEGMENTS = (Segment(0, 0.0, 1.5, " Grüße --> <b>."), Segment(1, 2.0, 3.0, " Two \ud800\x1b[2J."))
EVENTS: tuple[Event, ...] = (
    Partial(0.0, 1.0, " Grü"),
    Final(SEGMENTS[0]),
    Silence(1.5),
    Gap(1.5, 2.0, "unplugged", "damage"),
    Final(SEGMENTS[1]),
    End("de", 3.0, Timing(total_s=1)),
)


def whole(n_segments: int, format: str, options: OutputOptions) -> bytes:
    transcript = Transcript("", "de", SEGMENTS[:n_segments], 3.0, Timing())
    return render(transcript, format, options).encode("utf-8", "backslashreplace")


@pytest.mark.parametrize("format", [each for each in FORMATS if not each.startswith("json")])
def test_a_file_is_whole_after_every_event(format: str, tmp_path: Path) -> None:
    path, options = tmp_path / f"talk.{format}", OutputOptions(8, 1)
    path.write_text("what was there before")
    sink, close = file_sink(format, options, path, Console(io.StringIO()))
    n_segments = 0
    for event in EVENTS:
        assert path.read_bytes() == whole(n_segments, format, options)
        sink.take(event)
        n_segments += isinstance(event, Final)
    close()
    assert path.read_bytes() == whole(2, format, options)


def test_events_are_lines(tmp_path: Path) -> None:
    sink, close = file_sink("jsonl", OutputOptions(), tmp_path / "x", Console(io.StringIO()))
    for number, event in enumerate(EVENTS, start=1):
        sink.take(event)
        assert len((tmp_path / "x").read_text().splitlines()) == number
    close()
    kinds = [json.loads(line)["event"] for line in (tmp_path / "x").read_text().splitlines()]
    assert kinds == ["partial", "final", "silence", "gap", "final", "end"]


def test_json_comes_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sink, close = file_sink("json", OutputOptions(), tmp_path / "x", Console(io.StringIO()))
    printed = printed_sink("json", OutputOptions())
    for event in EVENTS:
        assert not (tmp_path / "x").exists()
        sink.take(event)
        printed.take(event)
    close()
    text = (tmp_path / "x").read_text()
    assert text == capsys.readouterr().out
    found = json.loads(text)
    assert [segment["id"] for segment in found["segments"]] == [0, 1]
    assert (found["language"], found["duration"]) == ("de", 3.0)
    assert [gap["reason"] for gap in found["gaps"]] == ["unplugged"]


def test_lines_are_printed_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    sink = printed_sink("txt", OutputOptions())
    for event, printed in zip(EVENTS[:3], ["", "Grüße --> <b>.\n", ""], strict=True):
        sink.take(event)
        assert capsys.readouterr().out == printed


Full = Callable[[int], None]


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Full:
    """Lets a disk have room for so many more bytes."""
    room = 1 << 30
    write = os.write

    def fill(n_bytes: int) -> None:
        nonlocal room
        room = n_bytes

    def limited(descriptor: int, data: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        n_written = write(descriptor, data[:room])
        room -= n_written
        return n_written

    monkeypatch.setattr("edge.cli.live.outputs.os.write", limited)
    return fill


def test_a_full_disk_is_said_once_and_nothing_is_lost(tmp_path: Path, full: Full) -> None:
    said, path = io.StringIO(), tmp_path / "x.txt"
    file = GrowingFile(path, Console(said))
    file.write("one\n")
    full(2)
    file.write("two\n")
    assert path.read_text() == "one\n"  # not a part of a line
    full(0)
    file.write("three\n")
    file.write("four\n")
    assert said.getvalue().count("\n") == 1
    assert said.getvalue().startswith(f"edgewise: {path}: No space left on device; make room")
    full(1000)
    file.write("five\n")
    assert path.read_text() == "one\ntwo\nthree\nfour\nfive\n"
    file.close()


def test_what_could_not_be_written_is_told_at_the_end(tmp_path: Path, full: Full) -> None:
    file = GrowingFile(tmp_path / "x.txt", Console(io.StringIO()))
    full(0)
    file.write("one\n")
    with pytest.raises(OutputError, match=r"x\.txt: its end could not be written: one"):
        file.close()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        GrowingFile(tmp_path / "none" / "x.txt", Console(io.StringIO()))


def test_people_are_told_what_is_missing() -> None:
    said = io.StringIO()
    teller = GapTeller(Console(said))
    for event in EVENTS:
        teller.take(event)
    assert said.getvalue() == "edgewise: something is missing: 1.50 to 2.00 s, damaged: unplugged\n"
