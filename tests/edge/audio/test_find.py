"""Which files of a folder are taken for recordings."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from edge.audio.find import is_recording, recordings_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.wav",
        "a.FLAC",
        "deep/er/c.mp3",
        "notes.txt",
        ".hidden.wav",
        "._b.wav",
        ".git/d.wav",
        "e.wav/f.ogg",
    ):
        path = tmp_path / "talks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "talks"


def test_recordings_are_sorted_and_hidden_ones_left_out(folder: Path) -> None:
    found = [path.relative_to(folder).as_posix() for path in recordings_in(folder)]
    assert found == ["a.FLAC", "b.wav", "deep/er/c.mp3", "e.wav/f.ogg"]


def test_links_lead_in_no_circle(folder: Path) -> None:
    (folder / "deep" / "up").symlink_to(folder)
    (folder / "again.wav").symlink_to(folder / "b.wav")
    (folder / "broken.wav").symlink_to(folder / "gone.wav")
    assert len(recordings_in(folder)) == 5
    assert is_recording(folder / "again.wav")
    assert not is_recording(folder / "broken.wav")


def test_a_folder_that_cannot_be_read_is_said(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", refuse)
    with caplog.at_level(logging.WARNING, logger="edge"):
        assert [path.name for path in recordings_in(folder)] == ["a.FLAC", "b.wav", "f.ogg"]
    assert "deep is passed over: Permission denied" in caplog.text
