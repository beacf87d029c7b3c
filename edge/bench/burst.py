"""Measures bursts: clips, one at a time and by turns, once the machine is warm."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from ..arrays import FloatArray
from ..audio import SAMPLE_RATE_HZ
from ..progress import Progress
from ..recognizer import Recognizer

_WARM_RUNS, _WARM_WITHIN = 3, 0.03
_MOST_WARMING = 12
_LEAST_ROUNDS = 5
"""Rounds that are made however long they take: fewer times have no spread."""


@dataclass(slots=True)
class Cell:
    """One model with some number of threads on one clip."""

    model: str
    precision: str
    threads: int
    clip: str
    """Name of the clip."""
    audio_s: float
    text: str = ""
    times_s: list[float] = field(default_factory=list)
    """Every time that was measured, in order."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rounds are made."""

    rounds: int
    seconds: float
    """Seconds after which no round begins, once there are enough."""


@dataclass(frozen=True, slots=True)
class Burst:
    """The result of all rounds."""

    cells: tuple[Cell, ...]
    is_warm: bool
    """Whether three times in a row were within 3 % before the first round."""
    began_s: float
    """Second at which the first round began, by a clock that never goes back."""


def measure_burst(
    models: Sequence[tuple[int, Recognizer]], clips: Sequence[tuple[str, FloatArray]], pace: Pace, progress: Progress
) -> Burst:
    """Transcribe clips, each with its name, with each model, one after the other, round after round.

    `models` are recognizers, each with its number of threads.
    """
    jobs = [
        (Cell(model.name, model.precision, threads, name, len(clip) / SAMPLE_RATE_HZ), model, clip)
        for (threads, model), (name, clip) in product(models, clips)
    ]
    progress("warm up", 0, pace.rounds)
    warm = [_warm(model, clips[0][1]) for _, model in models]
    began_s = time.perf_counter()
    for number in range(pace.rounds):
        if number >= _LEAST_ROUNDS and time.perf_counter() - began_s > pace.seconds:
            break
        progress("measure", number, pace.rounds)
        for cell, model, clip in jobs:
            began = time.perf_counter()
            cell.text = model.transcribe(clip).text
            cell.times_s.append(time.perf_counter() - began)
    return Burst(tuple(cell for cell, _, _ in jobs), all(warm), began_s)


def _warm(model: Recognizer, clip: FloatArray) -> bool:
    """Transcribe until three times in a row are within 3 %; whether they came to be."""
    times: list[float] = []
    while len(times) < _MOST_WARMING:
        began = time.perf_counter()
        model.transcribe(clip)
        times.append(time.perf_counter() - began)
        if is_steady(times):
            return True
    return False


def is_steady(times: Sequence[float]) -> bool:
    """Whether the last three of these times are within 3 %."""
    last = times[-_WARM_RUNS:]
    return len(last) == _WARM_RUNS and max(last) <= (1 + _WARM_WITHIN) * min(last)


def sound_hash(samples: FloatArray) -> str:
    """Compute the SHA-256 of samples (n_samples,) as 32-bit floats, low byte first."""
    return hashlib.sha256(np.ascontiguousarray(samples, dtype="<f4").tobytes()).hexdigest()
