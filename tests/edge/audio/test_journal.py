"""What is spoken outlives the program, a full disk and a torn end."""

from __future__ import annotations

import json
import logging
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ, journal, open_audio
from edge.audio.journal import Journal, recoverable
from edge.errors import OutputError
from edge.gaps import Gap

WRITER = """
import sys, time
import numpy as np
from pathlib import Path
from edge.audio.journal import Journal

journal = Journal(Path(sys.argv[1]))
began, n = time.monotonic(), 0
print("begun", flush=True)
while True:
    due = int((time.monotonic() - began) * 16000)
    journal.write(np.arange(n, due, dtype=np.float32) / np.float32(2**24))
    n = due
    sys.stdout.write(f"{n}\\n")
    sys.stdout.flush()
    time.sleep(0.02)
"""


def ramp(start: int, end: int) -> FloatArray:
    """Samples of which each tells its number."""
    return np.arange(start, end, dtype=np.float32) / np.float32(2**24)


def read(path: Path) -> FloatArray:
    with open_audio(path) as source:
        return np.concatenate(list(source))


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_writer_loses_nothing_that_it_wrote(tmp_path: Path, seed: int) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "begun\n"
        assert recoverable(tmp_path) == ()  # it is being written
        time.sleep(random.Random(seed).uniform(0.1, 0.9))
        writer.send_signal(signal.SIGKILL)
        last = int(writer.stdout.read().splitlines()[-1])
    (left,) = recoverable(tmp_path)
    samples = read(left.path)
    assert last <= len(samples) <= last + 0.2 * SAMPLE_RATE_HZ
    np.testing.assert_array_equal(samples, ramp(0, len(samples)))
    assert left.duration_s == len(samples) / SAMPLE_RATE_HZ


def test_a_closed_recording_is_left_and_a_delivered_one_is_gone(tmp_path: Path) -> None:
    with Journal(tmp_path) as first:
        first.write(ramp(0, 1000))
    second = Journal(tmp_path)
    second.write(ramp(0, 500))
    second.deliver()
    second.close()
    with pytest.raises(ValueError, match="is closed"):
        second.write(ramp(0, 1))
    (left,) = recoverable(tmp_path)
    assert left.path == first.path
    left.remove()
    assert list(tmp_path.iterdir()) == []


def test_gaps_are_silence_with_a_record(tmp_path: Path) -> None:
    with Journal(tmp_path) as recording:
        recording.write(ramp(1, 16001))
        recording.gap(Gap(1, 3, "unplugged", "lost"))
        recording.write(ramp(1, 16001))
        recording.gap(Gap(4, 4 + 8 * 3600, "asleep", "lost"))
        recording.write(ramp(1, 2))
    (left,) = recoverable(tmp_path)
    samples = read(left.path)
    np.testing.assert_array_equal(
        samples[: 4 * 16000], np.concatenate([ramp(1, 16001), np.zeros(32000), ramp(1, 16001)])
    )
    assert left.gaps == (Gap(1, 3, "unplugged", "lost"), Gap(4, 64, "asleep", "lost"))
    assert len(samples) == 64 * 16000 + 1


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    with Journal(tmp_path / "new" / "folder") as recording:
        assert recording.path.stat().st_mode & 0o777 == 0o600
        assert recording.path.with_suffix(".jsonl").stat().st_mode & 0o777 == 0o600
        assert recording.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="name another folder"):
        Journal(tmp_path / "file" / "journal")


@given(n_bytes=st.integers(0, 400), tail=st.binary(max_size=40))
@settings(max_examples=60, deadline=None)
def test_a_torn_end_costs_what_is_torn(tmp_path_factory: pytest.TempPathFactory, n_bytes: int, tail: bytes) -> None:
    folder = tmp_path_factory.mktemp("torn")
    with Journal(folder) as recording:
        recording.write(ramp(0, 80))
        recording.gap(Gap(0.005, 0.0055, "gone", "lost"))
        recording.write(ramp(80, 100))
        whole = recording.path.read_bytes()  # its header still says that the length is open
        gaps = recording.path.with_suffix(".jsonl").read_bytes()
    recording.path.write_bytes(whole[:n_bytes] + tail)
    recording.path.with_suffix(".jsonl").write_bytes(gaps[: n_bytes // 2] + tail)
    n_samples = max(0, (len(whole[:n_bytes] + tail) - 44) // 4)
    left = recoverable(folder)
    assert len(left) == (n_samples > 0)
    if n_bytes >= 44 + 4:
        n_whole = min((n_bytes - 44) // 4, 80)
        np.testing.assert_array_equal(read(left[0].path)[:n_whole], ramp(0, n_whole))


def limit_files(n_bytes: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, most))


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_TRY_AGAIN_S", 0.0)


@pytest.mark.usefixtures("no_wait")
def test_a_full_disk_is_said_once_and_nothing_is_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recording = Journal(tmp_path)
    before, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    with caplog.at_level(logging.WARNING, "edge.audio"):
        try:
            limit_files(10_001)  # not at the end of a sample
            for start in range(0, 32000, 320):
                recording.write(ramp(start, start + 320))
            assert recording.problem
            (message,) = caplog.messages
            assert "kept in memory" in message
        finally:
            limit_files(before)
        recording.write(ramp(32000, 32320))
    assert recording.problem == ""
    recording.close()
    np.testing.assert_array_equal(read(recording.path), ramp(0, 32320))


@pytest.mark.usefixtures("no_wait")
def test_what_does_not_fit_into_memory_either_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_KEPT_S", 1)
    before, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    recording = Journal(tmp_path)
    recording.write(ramp(0, 1600))
    try:
        limit_files(8_000)
        for start in range(1600, 64000, 1600):
            recording.write(ramp(start, start + 1600))
        recording.gap(Gap(4, 5, "unplugged", "lost"))
    finally:
        limit_files(before)
    recording.write(ramp(80000, 81600))
    recording.close()
    (left,) = recoverable(tmp_path)
    samples = read(left.path)
    assert len(samples) == 81600
    first, second = left.gaps
    assert (first.start, first.end, second.start, second.end) == (0.1, 3, 4, 5)
    for start, end in ((0, 1600), (48000, 64000), (80000, 81600)):
        np.testing.assert_array_equal(samples[start:end], ramp(start, end))


def test_what_is_no_recording_of_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "other.wav").write_bytes(b"x" * 100)
    (tmp_path / "edgewise-odd.wav").write_bytes(b"x" * 100)
    (left,) = recoverable(tmp_path)
    assert left.path.name == "edgewise-odd.wav"
    assert recoverable(tmp_path / "missing") == ()


def test_a_line_of_gaps_that_is_nonsense_tells_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path) as recording:
        recording.write(ramp(0, 1600))
    lines = [
        json.dumps({"at": "a", "n_silent": 3, "reason": ""}),
        "[]",
        '{"at": 1e9, "n_silent": 1, "reason": ""}',
        '{"at": 1' + "0" * 400 + ', "n_silent": 1, "reason": ""}',
        "[" * 100_000,
        "{",
    ]
    recording.path.with_suffix(".jsonl").write_text("\n".join(lines))
    (left,) = recoverable(tmp_path)
    assert left.gaps == ()


def test_it_reaches_the_disk_as_soon_as_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(journal, "sync_file", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    with Journal(tmp_path, sync_every_s=0.02) as recording:
        recording.write(ramp(0, 1600))
        deadline = time.monotonic() + 5
        while 44 + 4 * 1600 not in synced and time.monotonic() < deadline:
            time.sleep(0.01)
    assert 44 + 4 * 1600 in synced
