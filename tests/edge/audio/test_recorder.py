"""A WAV that grows: whole whenever somebody looks, whoever kills its writer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.arrays import FloatArray
from edge.audio.recorder import Recorder

SAMPLES: FloatArray = (0.5 * np.sin(np.arange(20000) / 7)).astype(np.float32)


def test_it_is_whole_after_every_piece(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    with Recorder(path) as recorder:
        for at in range(0, len(SAMPLES), 1600):
            with wave.open(str(path)) as file:
                assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (16000, 1, at)
            recorder.write(SAMPLES[at : at + 1600])
    found, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(found, SAMPLES, atol=1 / 65536)


def test_samples_of_16_bits_stay_as_they_are(tmp_path: Path) -> None:
    every = np.arange(-32768, 32768).astype(np.float32) / np.float32(32768)
    with Recorder(tmp_path / "clip.wav") as recorder:
        recorder.write(every)
    np.testing.assert_array_equal(soundfile.read(tmp_path / "clip.wav", dtype="float32")[0], every)


def test_what_is_too_loud_is_clipped(tmp_path: Path) -> None:
    with Recorder(tmp_path / "clip.wav") as recorder:
        recorder.write(np.array([1, 7, -7], np.float32))
    np.testing.assert_array_equal(soundfile.read(tmp_path / "clip.wav", dtype="int16")[0], [32767, 32767, -32768])


def test_silence_stands_for_what_is_missing(tmp_path: Path) -> None:
    with Recorder(tmp_path / "clip.wav") as recorder:
        recorder.write(SAMPLES[:100])
        recorder.skip(0.5)
        recorder.skip(-1)
        recorder.write(SAMPLES[:100])
    found, _ = soundfile.read(tmp_path / "clip.wav", dtype="float32")
    assert len(found) == 8200
    assert not found[100:8100].any()
    np.testing.assert_array_equal(found[:100], found[8100:])


def test_a_file_that_was_there_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "clip.wav").write_bytes(bytes(100000))
    with Recorder(tmp_path / "clip.wav"):
        pass
    assert len(soundfile.read(tmp_path / "clip.wav")[0]) == 0


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_it_is_whole_after_a_kill(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
import numpy as np
from edge.arrays import FloatArray
from edge.audio.recorder import Recorder
recorder = Recorder(Path("clip.wav"))
while True:
    recorder.write(np.full(1600, 0.5, np.float32))
    print(flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(5):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    with wave.open(str(tmp_path / "clip.wav")) as file:
        n_frames = file.getnframes()
        data = file.readframes(n_frames)
    assert n_frames >= 8000
    assert data == np.full(n_frames, 16384, "<i2").tobytes()
