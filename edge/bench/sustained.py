"""Measures what is left of the speed when the machine has worked for minutes, as in an archive or on a hot board."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from ..audio import SAMPLE_RATE_HZ
from ..progress import Progress
from ..recognizer import Recognizer

BURST_S = 10.0
"""Seconds at the beginning that are the burst; a small board's heat comes later."""


@dataclass(frozen=True, slots=True)
class Sustained:
    """Runs of one model over one clip, one after the other without a pause."""

    model: str
    precision: str
    threads: int
    audio_s: float
    times_s: tuple[float, ...]
    """Time of each run, in order."""
    burst_rate: float
    """Seconds of speech in a second, over the first ten seconds."""
    sustained_rate: float
    """Seconds of speech in a second, over the second half."""


def measure_sustained(
    model: Recognizer, threads: int, clip: FloatArray, seconds: float, progress: Progress
) -> Sustained:
    """Transcribe a clip (n_samples,) again and again for so many seconds."""
    audio_s = len(clip) / SAMPLE_RATE_HZ
    began = time.perf_counter()
    times: list[float] = []
    while (done := time.perf_counter() - began) < seconds:
        progress("keep on", int(done), int(seconds))
        run = time.perf_counter()
        model.transcribe(clip, language="en")
        times.append(time.perf_counter() - run)
    return Sustained(model.name, model.precision, threads, audio_s, tuple(times), *rates(times, audio_s))


def rates(times: list[float], audio_s: float) -> tuple[float, float]:
    """Compute the seconds of speech in a second over the first ten seconds, and over the second half of the time."""
    began = np.cumsum(times) - times
    early, late = np.asarray(times)[began < BURST_S], np.asarray(times)[began >= sum(times) / 2]
    late = late if len(late) else early
    return len(early) * audio_s / float(early.sum()), len(late) * audio_s / float(late.sum())
