"""Measures bursts: short clips, one at a time and by turns, once the machine is warm."""

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
from .conditions import Conditions, observe

_WARM_RUNS, _WARM_WITHIN = 3, 0.03
_MOST_WARMING = 12


@dataclass(slots=True)
class Cell:
    """One model with some number of threads on a clip of one length."""

    model: str
    precision: str
    threads: int
    audio_s: float
    text: str = ""
    times_s: list[float] = field(default_factory=list)
    """Every time that was measured, in order."""


@dataclass(frozen=True, slots=True)
class Burst:
    """The result of all rounds."""

    cells: tuple[Cell, ...]
    seen: tuple[Conditions, ...]
    """Conditions before the first round and after each."""
    is_warm: bool
    """Whether three times in a row were within 3 % before the first round."""


def measure_burst(
    models: Sequence[tuple[int, Recognizer]],
    samples: FloatArray,
    lengths_s: Sequence[float],
    rounds: int,
    progress: Progress,
) -> Burst:
    """Transcribe the first seconds of samples (n_samples,) with each model, one after the other, round after round.

    `models` are recognizers, each with its number of threads.
    """
    clips = [samples[: round(length * SAMPLE_RATE_HZ)] for length in lengths_s]
    jobs = [
        (Cell(model.name, model.precision, threads, len(clip) / SAMPLE_RATE_HZ), model, clip)
        for (threads, model), clip in product(models, clips)
    ]
    progress("warm up", 0, rounds)
    warm = [_warm(model, clips[-1]) for _, model in models]
    seen = [observe()]
    for number in range(1, rounds + 1):
        progress("measure", number - 1, rounds)
        for cell, model, clip in jobs:
            began = time.perf_counter()
            cell.text = model.transcribe(clip).text
            cell.times_s.append(time.perf_counter() - began)
        seen.append(observe())
    return Burst(tuple(cell for cell, _, _ in jobs), tuple(seen), all(warm))


def _warm(model: Recognizer, clip: FloatArray) -> bool:
    """Transcribe until three times in a row are within 3 %; whether they came to be."""
    times: list[float] = []
    while len(times) < _MOST_WARMING:
        began = time.perf_counter()
        model.transcribe(clip)
        times.append(time.perf_counter() - began)
        last = times[-_WARM_RUNS:]
        if len(last) == _WARM_RUNS and max(last) <= (1 + _WARM_WITHIN) * min(last):
            return True
    return False


def sound_hash(samples: FloatArray) -> str:
    """Compute the SHA-256 of samples (n_samples,) as 32-bit floats, low byte first."""
    return hashlib.sha256(np.ascontiguousarray(samples, dtype="<f4").tobytes()).hexdigest()
