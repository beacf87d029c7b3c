"""What is heard is kept: in a file for the user, and in a journal until its words are safe."""

from __future__ import annotations

import errno
import io
import wave
from pathlib import Path

import numpy as np
import pytest

from edge.audio.recorder import Recorder
from edge.cli.console.bar import Console
from edge.cli.live.keepers import Journaling, Saver
from edge.errors import OutputError
from edge.gaps import Gap

SOUND = np.full(1600, 0.25, np.float32)


def test_a_saver_keeps_sound_and_times(tmp_path: Path) -> None:
    with Saver(tmp_path / "x.wav", Console(io.StringIO())) as saver:
        for piece in (SOUND, SOUND[:0], Gap(0.1, 0.3, "unplugged"), SOUND):
            saver.hear(piece)
    with wave.open(str(tmp_path / "x.wav")) as file:
        samples = np.frombuffer(file.readframes(9999), "<i2")
    np.testing.assert_array_equal(samples, np.repeat([8192, 0, 8192], [1600, 3200, 1600]))


def test_a_full_disk_is_said_once_and_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(recorder: Recorder, samples: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    said = io.StringIO()
    monkeypatch.setattr(Recorder, "write", fail)
    saver = Saver(tmp_path / "x.wav", Console(said))
    saver.hear(SOUND)
    saver.hear(SOUND)
    with pytest.raises(OutputError, match=r"x\.wav is not whole"):
        saver.__exit__(None, None, None)
    assert said.getvalue().count("\n") == 1
    assert "x.wav: No space left on device; make room" in said.getvalue()
    saver = Saver(tmp_path / "x.wav", Console(said))
    saver.hear(SOUND)
    saver.__exit__(KeyError, KeyError(), None)  # which says more than what follows from it


def test_a_journal_goes_when_the_words_are_safe(tmp_path: Path) -> None:
    said = io.StringIO()
    with Journaling(tmp_path / "spoken", Console(said)) as journal:
        for piece in (SOUND, SOUND[:0], Gap(0.1, 0.3, "unplugged", "lost"), SOUND):
            journal.hear(piece)
        assert len(list((tmp_path / "spoken").iterdir())) == 2
    assert list((tmp_path / "spoken").iterdir()) == []
    assert said.getvalue() == ""


def test_a_journal_stays_where_the_run_failed_and_the_next_run_tells(tmp_path: Path) -> None:
    said = io.StringIO()
    journal = Journaling(tmp_path, Console(said))
    journal.hear(SOUND)
    journal.__exit__(KeyError, KeyError(), None)
    (left,) = tmp_path.glob("*.wav")
    with Journaling(tmp_path, Console(said)):
        pass
    assert said.getvalue().startswith(f"edgewise: {left}: 0.1 s that were spoken, and whose words were not written")
    assert list(tmp_path.glob("*.wav")) == [left]
