"""Files, folders and patterns as recordings, and where the transcript of each goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.cli.inputs import find_recordings, none_found


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("talks/b.wav", "talks/a.v2.flac", "talks/day1/b.mp3", "talks/day1/deep/c.wav", "talks/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "take [2].wav").touch()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["talks/b.wav"], {"talks/b.wav": "b"}),
        (["talks/notes.txt", "gone.wav"], {"talks/notes.txt": "notes", "gone.wav": "gone"}),
        (["-", "talks/b.wav"], {"-": "stdin", "talks/b.wav": "b"}),
        (
            ["talks"],
            {"talks/a.v2.flac": "a.v2", "talks/b.wav": "b", "talks/day1/b.mp3": "day1/b"}
            | {"talks/day1/deep/c.wav": "day1/deep/c"},
        ),
        (["talks/day1/"], {"talks/day1/b.mp3": "b", "talks/day1/deep/c.wav": "deep/c"}),
        (["talks/*.wav"], {"talks/b.wav": "b"}),
        (["*/*.wav"], {"talks/b.wav": "talks/b"}),
        (["talks/**/*.wav"], {"talks/b.wav": "b", "talks/day1/deep/c.wav": "day1/deep/c"}),
        (["talks/day?"], {"talks/day1/b.mp3": "day1/b", "talks/day1/deep/c.wav": "day1/deep/c"}),
        (["talks/[xb].*"], {"talks/b.wav": "b"}),
        (["take [2].wav"], {"take [2].wav": "take [2]"}),
        (["talks/b.wav", "./talks/b.wav", "talks/*.wav"], {"talks/b.wav": "b"}),
    ],
)
def test_what_is_found(arguments: list[str], found: dict[str, str]) -> None:
    recordings, barren = find_recordings(arguments)
    assert {recording.name: recording.stem.as_posix() for recording in recordings} == found
    assert [recording.name for recording in recordings] == list(found)
    assert barren == []


def test_a_pattern_knows_the_home_folder(tmp_path: Path) -> None:
    recordings, _ = find_recordings(["~/talks/*.wav"])
    assert [recording.name for recording in recordings] == [str(tmp_path / "talks" / "b.wav")]


def test_a_folder_and_a_pattern_do_not_repeat_each_other() -> None:
    assert len(find_recordings(["talks", "talks/**", "talks/**/*.wav"])[0]) == 4


@pytest.mark.parametrize("argument", ["empty", "*.mp3", "talks/*.txt", "[gone].wav"])
def test_what_holds_no_recording_is_named(argument: str) -> None:
    assert find_recordings([argument, "talks/b.wav"])[1] == [argument]
    assert none_found(argument).startswith(f"{argument}: expected recordings (.3gp .aac")
