"""Which files a calibration reads, and what it says of those that it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import ManifestError
from export.calibrate.recordings import find_recordings
from export.errors import CalibrationError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.wav", "a.flac", "deep/c.MP3", "notes.txt"):
        path = tmp_path / "speech" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "speech"


def names(*sources: Path) -> list[str]:
    return [recording.path.name for recording in find_recordings(sources)]


def test_files_and_folders(folder: Path) -> None:
    assert names(folder) == ["a.flac", "b.wav", "c.MP3"]
    assert names(folder / "b.wav", folder) == ["b.wav", "a.flac", "c.MP3"]


def test_the_same_bytes_count_once(folder: Path) -> None:
    (folder / "again.wav").write_bytes(b"b.wav")
    assert names(folder) == ["a.flac", "again.wav", "c.MP3"]


def test_manifests(folder: Path) -> None:
    manifest = folder / "manifest.jsonl"
    manifest.write_text('{"audio": "deep/c.MP3", "text": "x"}\n\n{"audio": null, "concat": ["b.wav"]}\n')
    assert names(manifest) == names(folder) == ["c.MP3", "b.wav"]


@pytest.mark.parametrize("line", ["{", "3", '{"audio": 3}', "[]"])
def test_a_broken_line_is_named(folder: Path, line: str) -> None:
    manifest = folder / "manifest.jsonl"
    manifest.write_text('{"audio": "b.wav"}\n' + line)
    with pytest.raises(ManifestError, match="line 2 is not a recording"):
        find_recordings([manifest])


def test_what_is_not_there(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CalibrationError, match=r"expected recordings .*found none"):
        find_recordings([tmp_path / "empty"])
    with pytest.raises(CalibrationError, match=r"gone\.wav: expected a recording, found no such file"):
        find_recordings([folder / "gone.wav"])
    (folder / "manifest.jsonl").write_text('{"audio": "gone.wav"}')
    with pytest.raises(CalibrationError, match=r"gone\.wav"):
        find_recordings([folder])
