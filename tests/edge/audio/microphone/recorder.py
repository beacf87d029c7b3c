"""Runs capture.py, and proves by the sound that was played that nothing is missing but what a gap covers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.desktop.cable import Cable

Noise = NDArray[np.int16]
PROGRAM = Path(__file__).with_name("capture.py")
TOLERANCE = 1600
"""Samples by which a gap may be shorter than what is missing, or stand beside it: what is on the way is not seen."""
_KEY = 12


@dataclass(slots=True)
class Gap:
    start: int
    end: int
    reason: str


@dataclass(slots=True)
class Recording:
    """What a run of capture.py gave."""

    samples: NDArray[np.int16]
    runs: list[tuple[int, int]] = field(default_factory=list)
    """Stretches without a gap: from and to, by index."""
    gaps: list[Gap] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    stderr: str = ""
    longest_wait_s: float = 0.0
    end: int = 0
    """Index behind the last sample or gap."""


class Recorder:
    """A run of capture.py."""

    def __init__(self, cable: Cable, folder: Path, rate_hz: int = 16000) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        command = [sys.executable, "-X", "faulthandler", str(PROGRAM), str(folder), str(rate_hz)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=cable.environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "open\n"

    def wait_for_sound(self, within_s: float) -> None:
        """Wait until sound comes that was not there when this was called."""
        deadline, lines = time.monotonic() + within_s, self._folder / "pieces.jsonl"
        n_before = len(lines.read_text().splitlines())
        while time.monotonic() < deadline:
            for line in lines.read_text().splitlines()[n_before:-1]:  # the last one may not be whole yet
                kind, start, end, *_ = json.loads(line)
                if kind == "captured" and end > start:
                    return
            time.sleep(0.05)
        raise AssertionError(f"no sound came within {within_s} s")

    def finish(self) -> Recording:
        """End the recording, within seconds."""
        try:
            said, errors = self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        assert self.process.returncode == 0, f"exit status {self.process.returncode}: {errors[-2000:]}"
        samples = np.load(self._folder / "samples.npy")
        recording = Recording(np.rint(samples * 32768).astype(np.int16), stderr=errors, longest_wait_s=float(said))
        end = 0
        for line in (self._folder / "pieces.jsonl").read_text().splitlines():
            kind, start, *rest = json.loads(line)
            if kind == "notice":
                recording.notices.append(rest[0])
                continue
            assert start == end, f"a hole before {line}"
            end = rest[0]
            if kind == "gap":
                recording.gaps.append(Gap(start, end, rest[1]))
            elif recording.runs and recording.runs[-1][1] == start and not _gap_at(recording.gaps, start):
                recording.runs[-1] = (recording.runs[-1][0], end)
            elif end > start:
                recording.runs.append((start, end))
        recording.end = end
        return recording


def _gap_at(gaps: list[Gap], index: int) -> bool:
    return bool(gaps) and gaps[-1].end == index


def noise(n_samples: int, seed: int) -> Noise:
    """Noise without a zero, of which a few samples tell their place."""
    values = np.random.default_rng(seed).integers(-8000, 8000, n_samples).astype(np.int16)
    values[values == 0] = 1
    return values


@dataclass(slots=True)
class Stretch:
    """A stretch of what was played, as it was heard."""

    play: int
    """Number of the noise."""
    first: int
    """First sample of the noise."""
    at: int
    """Index of the recording at which it stands."""
    length: int


def stretches_of(recording: Recording, played: list[Noise]) -> list[Stretch]:
    """Find which samples of what was played stand where; fails where something else stands there."""
    found: list[Stretch] = []
    done = 0
    for start, end in recording.runs:
        run = recording.samples[done : done + end - start]
        done += end - start
        at = 0
        while at < len(run):
            sounding = np.flatnonzero(run[at:])
            if not len(sounding):
                break
            at += int(sounding[0])
            if at + _KEY > len(run):
                break
            play, first = _place(run[at : at + _KEY], played)
            same = played[play][first : first + len(run) - at] == run[at : at + len(played[play]) - first]
            length = len(same) if same.all() else int(np.argmin(same))
            found.append(Stretch(play, first, start + at, length))
            at += length
    return found


def _place(key: Noise, played: list[Noise]) -> tuple[int, int]:
    for play, values in enumerate(played):
        for first in np.flatnonzero(values[: len(values) - len(key) + 1] == key[0]):
            if np.array_equal(values[first : first + len(key)], key):
                return play, int(first)
    raise AssertionError(f"{key} was not played")


def check_nothing_unsaid(recording: Recording, played: list[Noise]) -> int:
    """Check that what is missing of what was played lies in gaps at least as long; how many samples are missing."""
    n_missing = 0
    stretches = stretches_of(recording, played)
    for before, after in pairwise(stretches):
        if before.play != after.play:
            continue  # the player was killed with the server: nobody knows how far it had come
        missing = after.first - before.first - before.length
        assert missing >= 0, f"heard twice: {before} {after}"
        if not missing:
            continue
        n_missing += missing
        begin, end = before.at + before.length, after.at
        covered = sum(gap.end - gap.start for gap in recording.gaps if begin - 1 <= gap.start and gap.end <= end + 1)
        assert covered >= missing - TOLERANCE, f"{missing} samples are missing, gaps have {covered}: {before} {after}"
    return n_missing
