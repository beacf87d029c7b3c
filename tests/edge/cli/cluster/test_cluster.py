"""A scheduler and three workers on this machine, of which some are killed: every transcript is that of one process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.cli.cluster import tasks
from edge.cli.cluster.tasks import Task, read
from edge.cli.console.places import Place
from edge.transcript.options import OutputOptions

from ..conftest import FakeModel, MakeWav, Outcome, Run

pytest.importorskip("distributed")
pytestmark = pytest.mark.loopback

PATIENCE_S = 120
N_WORKERS = 3
N_CLIPS = 9
RATE_HZ = 16000
CURSED = """
import os, signal
from functools import partialmethod
from edge.whisper.model import Model
def cursed(self, audio, transcribe, **settings):
    if "poison" in str(audio):
        os.kill(os.getpid(), signal.SIGKILL)
    return transcribe(self, audio, **settings)
Model.transcribe = partialmethod(cursed, transcribe=Model.transcribe)
"""

KILLED_WRITING = """
import os, signal
from edge import files
def cursed(descriptor, once={once!r}, sync=files.sync_file):
    try:
        os.close(os.open(once, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        sync(descriptor)
    else:
        os.kill(os.getpid(), signal.SIGKILL)
files.sync_file = cursed
"""

KILLED_READING = """
import os, signal
from edge.whisper.model import Model
from edge.whisper.session import WhisperSession
numbers = []
def noted(self, audio, outline, number, n_parts, read=Model.read_part, **settings):
    with open({log!r}, "a") as log:
        log.write(f"{{number}}\\n")
    numbers.append(number)
    return read(self, audio, outline, number, n_parts, **settings)
def cursed(self, finish=WhisperSession.finish):
    if numbers and numbers[-1] == 1:
        try:
            os.close(os.open({once!r}, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            pass
        else:
            os.kill(os.getpid(), signal.SIGKILL)
    return finish(self)
if Model.read_part.__name__ != "noted":  # a worker may load this more than once
    Model.read_part, WhisperSession.finish = noted, cursed
"""
CURSED_PART = """
import os, signal
from edge.whisper.model import Model
def cursed(self, audio, outline, number, n_parts, read=Model.read_part, **settings):
    if "poison" in str(audio) and number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(self, audio, outline, number, n_parts, **settings)
Model.read_part = cursed
"""


class Machines:
    """A scheduler and workers, each a process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self._environment = {
            **os.environ,
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "2",
            "DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION": "1.0",
        }
        self._processes = [self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")]
        self.workers: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        until(self._file.exists)
        address: str = json.loads(self._file.read_text(encoding="utf-8"))["address"]
        return address

    def add_worker(self, *options: str) -> None:
        until(self._file.exists)
        self.workers.append(self._start("worker", "--nthreads", "1", "--no-dashboard", *options))

    def until_there(self, n_workers: int) -> None:
        """Waits for workers: how many there are decides on the parts of a recording."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(n_workers, timeout=PATIENCE_S)

    def _start(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", f"distributed.cli.dask_{what}", "--scheduler-file", str(self._file)]
        log = (self._folder / f"{what}.log").open("ab")
        with log:
            return subprocess.Popen(
                [*command, *options], cwd=self._folder, env=self._environment, stdout=log, stderr=log
            )

    def end(self) -> None:
        for process in [*self.workers, *self._processes]:
            process.kill()
            process.wait()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    found = Machines(tmp_path)
    yield found
    found.end()


@pytest.fixture
def talks(jfk_clip: Path, tmp_path: Path) -> Path:
    """Parts of a speech of different lengths, in two folders."""
    for number in range(N_CLIPS):
        path = tmp_path / "talks" / f"day{number % 2}" / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(jfk_clip)) as clip, wave.open(str(path), "wb") as file:
            file.setparams(clip.getparams())
            clip.setpos(number * clip.getnframes() // 12)
            file.writeframes(clip.readframes(clip.getnframes() // (1 + number % 3)))
    return tmp_path / "talks"


def transcripts(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_worker_that_is_killed_costs_a_retry_and_nothing_else(
    run: Run, machines: Machines, tiny_en_int8: Path, talks: Path, tmp_path: Path
) -> None:
    for _ in range(N_WORKERS):
        machines.add_worker("--no-nanny")
    command = ("transcribe", talks, "--model", tiny_en_int8, "--threads", 1, "--no-vad", "-f", "json,srt")
    alone = run(*command, "-o", tmp_path / "alone", "--jobs", 1)
    out = tmp_path / "out"

    def kill() -> None:
        until(lambda: out.exists() and any(out.rglob("*.json")))
        machines.workers[0].send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    outcome = run(*command, "-o", out, "--cluster", machines.address)
    killer.join()
    assert machines.workers[0].wait(PATIENCE_S) == -signal.SIGKILL
    assert (outcome.status, outcome.out) == (0, "")
    assert transcripts(out) == transcripts(tmp_path / "alone")
    assert len(transcripts(out)) == 2 * N_CLIPS
    assert told(outcome, out) == told(alone, tmp_path / "alone"), "what is said, and its order, are the same"
    again = run(*command, "-o", out, "--cluster", machines.address, "--resume")
    assert f"0 of {N_CLIPS} recordings transcribed; {N_CLIPS} skipped, done before" in again.message


def test_a_worker_that_is_killed_while_it_writes_leaves_nothing(
    run: Run, machines: Machines, tiny_en_int8: Path, talks: Path, tmp_path: Path
) -> None:
    once, curse, out = tmp_path / "once", tmp_path / "curse.py", tmp_path / "out"
    curse.write_text(KILLED_WRITING.format(once=str(once)), encoding="utf-8")
    for _ in range(N_WORKERS):
        machines.add_worker("--no-nanny", "--preload", str(curse))
    outcome = run("transcribe", talks, "--model", tiny_en_int8, "--no-vad", "-o", out, "--cluster", machines.address)
    assert once.exists()
    assert (outcome.status, outcome.out) == (0, "")
    assert len(transcripts(out)) == N_CLIPS


def told(outcome: Outcome, folder: Path) -> list[str]:
    return [line.partition(" of audio in ")[0].replace(str(folder), "") for line in outcome.err.splitlines()]


def test_a_recording_that_kills_workers_is_set_aside(
    run: Run, machines: Machines, tiny_en_int8: Path, talks: Path, tmp_path: Path
) -> None:
    curse = tmp_path / "curse.py"
    curse.write_text(CURSED, encoding="utf-8")
    for _ in range(N_WORKERS):
        machines.add_worker("--preload", str(curse))  # with a nanny, which starts it again
    (talks / "poison.wav").write_bytes((talks / "day0" / "0.wav").read_bytes())
    out = tmp_path / "out"
    outcome = run("transcribe", talks, "--model", tiny_en_int8, "--no-vad", "-o", out, "--cluster", machines.address)
    assert outcome.status == 1
    assert f"edgewise: {talks / 'poison.wav'}: the workers that read it were killed, again and again" in outcome.err
    assert f"{N_CLIPS} of {N_CLIPS + 1} recordings transcribed; 1 failed ({talks / 'poison.wav'})" in outcome.err
    assert len(transcripts(out)) == N_CLIPS


@pytest.fixture
def long_talk(jfk_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three sections of a speaker who pauses, each of which may be a part."""
    monkeypatch.setattr("edge.cli.cluster.division.LEAST_PART_S", 34.0)
    path = tmp_path / "long" / "talk.wav"
    path.parent.mkdir()
    with wave.open(str(jfk_clip)) as clip, wave.open(str(path), "wb") as file:
        file.setparams(clip.getparams())
        sound = clip.readframes(clip.getnframes())
        for _ in range(9):
            file.writeframes(sound + bytes(RATE_HZ))
    return path


def test_a_worker_that_is_killed_in_a_long_recording_costs_a_retry_of_its_part(
    run: Run,
    machines: Machines,
    tiny_en_int8: Path,
    long_talk: Path,
    talks: Path,
    tmp_path: Path,
) -> None:
    once, curse, out = tmp_path / "once", tmp_path / "curse.py", tmp_path / "out"
    log = tmp_path / "parts"
    curse.write_text(KILLED_READING.format(once=str(once), log=str(log)), encoding="utf-8")
    for _ in range(N_WORKERS):
        machines.add_worker("--no-nanny", "--preload", str(curse))
    settings = ("--model", tiny_en_int8, "--threads", 1, "--no-vad", "-f", "json,srt", "--parallel")
    command = ("transcribe", long_talk, talks / "day0" / "0.wav", *settings)
    alone = run(*command, "-o", tmp_path / "alone")
    machines.until_there(N_WORKERS)
    outcome = run(*command, "-o", out, "--cluster", machines.address)
    assert (outcome.status, outcome.out) == (0, "")
    assert transcripts(out) == transcripts(tmp_path / "alone")
    assert told(outcome, out) == told(alone, tmp_path / "alone")
    killed = [worker.wait(PATIENCE_S) for worker in machines.workers if worker.poll() is not None]
    assert killed == [-signal.SIGKILL]
    parts = log.read_text(encoding="utf-8").split()
    assert sorted(parts) == ["0", "1", "1", "2"], "that part is read again, and no other"
    again = run(*command, "-o", out, "--cluster", machines.address, "--resume")
    assert "0 of 2 recordings transcribed; 2 skipped, done before" in again.message


def test_a_part_that_kills_workers_sets_its_recording_aside(
    run: Run,
    machines: Machines,
    tiny_en_int8: Path,
    long_talk: Path,
    talks: Path,
    tmp_path: Path,
) -> None:
    curse, poison, out = tmp_path / "curse.py", long_talk.with_name("poison.wav"), tmp_path / "out"
    curse.write_text(CURSED_PART, encoding="utf-8")
    long_talk.rename(poison)
    for _ in range(N_WORKERS):
        machines.add_worker("--preload", str(curse))
    command = ("transcribe", poison, talks / "day0" / "0.wav", "--model", tiny_en_int8, "--no-vad", "--parallel")
    outcome = run(*command, "-o", out, "--cluster", machines.address)
    assert outcome.status == 1
    assert f"edgewise: {poison}: the workers that read it were killed, again and again" in outcome.err
    assert list(transcripts(out)) == ["0.txt"]


def test_no_scheduler_is_one_line(
    run: Run, model: FakeModel, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.cli.cluster.reading._CONNECT_S", 1)
    outcome = run("transcribe", clip, "-o", tmp_path / "out", "--cluster", "tcp://127.0.0.1:9")
    assert outcome.status == 1
    assert "tcp://127.0.0.1:9: expected a Dask scheduler, found none" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["clip.wav", "--cluster", "local"], "--cluster has its workers write files: give --output-dir"),
        (["-", "-o", "out", "--cluster", "local"], "--cluster reads files that its workers can open: leave out -"),
    ],
)
def test_what_workers_cannot_do_is_refused(arguments: list[str], message: str, run: Run) -> None:
    outcome = run("transcribe", *arguments)
    assert outcome.status == 2
    assert message in outcome.err


def task(audio: Path, folder: Path, **changes: Any) -> Task:
    arguments = {"name": "any", "progress": None}
    return Task(audio, Place(folder / "clip", ("txt",)), arguments, {}, OutputOptions(), is_written=False, **changes)


def test_a_worker_tells_what_it_cannot_read(
    model: FakeModel, wav: MakeWav, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_models", {})
    clip = wav(0.5, tmp_path / "clip.wav")
    assert "has edgewise" in read(task(clip, tmp_path, version="0.0.0")).failure
    assert "it is not there on" in read(task(tmp_path / "gone.wav", tmp_path)).failure
    model.fails_with = {"clip.wav": MemoryError()}
    assert read(task(clip, tmp_path)).failure.startswith("not enough memory")
    assert not (tmp_path / "clip.txt").exists()
