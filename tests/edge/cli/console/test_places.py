"""Which files a recording's transcripts become."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.cli.console.places import Place, is_done, is_note_of_gaps, place, prepare
from edge.cli.inputs import Recording
from edge.errors import OptionError
from edge.files import TEMPORARY_NAME


def recording(name: str) -> Recording:
    return Recording(name, Path(Path(name).stem))


def test_each_format_has_a_file_and_gaps_have_one() -> None:
    found = Place(Path("out/talk.name"), ("srt", "json"))
    assert found.files == (("srt", Path("out/talk.name.srt")), ("json", Path("out/talk.name.json")))
    assert found.gaps == Path("out/talk.name.gaps.json")


@pytest.mark.parametrize("letter", ["x", "ü", "漢", "\udcff"])
def test_a_name_that_is_too_long_is_cut_and_stays_apart(tmp_path: Path, letter: str) -> None:
    n_letters = 251 // len(os.fsencode(letter))
    names = [f"{letter * n_letters}{end}.wav" for end in ("", "a", "b")]
    places = place(map(recording, names), ["json"], tmp_path)
    assert len({found.stem for found in places.values()}) == 3
    for found in places.values():
        for path in (*(path for _, path in found.files), found.gaps):
            path.touch()
            assert path.exists()
    assert places == place(map(recording, names), ["json"], tmp_path), "--resume has to find them again"


def test_a_name_that_fits_is_kept(tmp_path: Path) -> None:
    (found,) = place([recording("x" * 240 + ".wav")], ["srt"], tmp_path).values()
    assert found.stem.name == "x" * 240


def test_a_note_of_gaps_is_nobody_elses_transcript() -> None:
    names = ("talk.wav", "talk.gaps.wav")
    with pytest.raises(OptionError, match=r"would both be written to .*talk\.gaps\.json: rename one"):
        place(map(recording, names), ["json"], Path("out"))
    assert len(place(map(recording, names), ["txt"], Path("out"))) == 2


@pytest.mark.parametrize(
    ("content", "is_note"),
    [(None, False), ('{"gaps": []}', True), ('{"segments": []}', False), ("half", True), ("[" * 100_000, True)],
)
def test_a_note_is_told_from_a_transcript(tmp_path: Path, content: str | None, is_note: bool) -> None:
    if content is not None:
        (tmp_path / "a.gaps.json").write_text(content)
    assert is_note_of_gaps(tmp_path / "a.gaps.json") == is_note


def test_what_has_gaps_is_done_for_those_who_accept_it(tmp_path: Path) -> None:
    audio = tmp_path / "a.wav"
    audio.touch()
    found = Place(tmp_path / "a", ("txt",))
    assert not is_done(recording(str(audio)), found)
    (tmp_path / "a.txt").touch()
    assert is_done(recording(str(audio)), found)
    found.gaps.write_text("{}")
    assert not is_done(recording(str(audio)), found)
    assert is_done(recording(str(audio)), found, accepts_damaged=True)


def test_preparing_removes_what_killed_runs_left(tmp_path: Path) -> None:
    places = [Place(tmp_path / "out" / "a", ("txt",)), Place(tmp_path / "out" / "day" / "b", ("txt",))]
    (tmp_path / "out" / "day").mkdir(parents=True)
    left = ".edgewise-0123456789abcdef.tmp"
    assert TEMPORARY_NAME.fullmatch(left)
    for name in (left, "mine.tmp", f"day/{left}"):
        (tmp_path / "out" / name).touch()
    prepare(tmp_path / "out", places)
    kept = [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert kept == ["mine.tmp"]
