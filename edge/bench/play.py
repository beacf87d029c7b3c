"""Play recordings to a live session at the speed of speech, on a clock that is simulated.

The clock advances with the sound, and by the time that each call takes, times a factor: a slower processor is simulated
by a greater one. A call gets all the sound that came while the one before it ran, as from a microphone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from ..arrays import FloatArray
from ..audio import SAMPLE_RATE_HZ
from ..transcript.events import Event

BLOCK_S = 0.04
"""Seconds of sound that a microphone gives at a time."""

_FRAME_SAMPLES = 320
_QUIET_PERCENTILE = 5
_LEAST_NOISE = 1e-5


class Listening(Protocol):
    """A session, ours or a peer's."""

    def feed(self, samples: FloatArray) -> list[Event]:
        """Take samples, and return what was found by now."""
        ...

    def finish(self) -> list[Event]:
        """Take the end of the sound, and return the rest."""
        ...


class SimulatedClock:
    """A clock that stands still but for sound that is awaited and work that is done."""

    def __init__(self, factor: float = 1.0, timer: Callable[[], float] = time.process_time) -> None:
        """Begin at 0; work takes `factor` times as long as on this machine, by `timer`.

        Processor time does not see other processes, and counts what several threads do at once several times.
        """
        self.now = 0.0
        self._factor = factor
        self._timer = timer
        self._began: float | None = None

    def __call__(self) -> float:
        """Tell the seconds, within a call that is being worked on as well."""
        worked = 0.0 if self._began is None else self._timer() - self._began
        return self.now + worked * self._factor

    def work(self, what: Callable[[], list[Event]]) -> tuple[list[Event], float]:
        """Do some work, by which the clock advances; gives its result, and the time on this machine."""
        self._began = self._timer()
        result = what()
        seconds = self._timer() - self._began
        self._began = None
        self.now += seconds * self._factor
        return result, seconds


@dataclass(frozen=True, slots=True)
class Heard:
    """An event of a session that was played to."""

    at: float
    """Second at which it came; the sound began at 0."""
    late: float
    """Seconds since the sound came that brought it about, or later."""
    event: Event


@dataclass(frozen=True, slots=True)
class Played:
    """The result of playing a recording."""

    heard: tuple[Heard, ...]
    seconds: float
    """Length of the sound."""
    busy_s: float
    """Time of the work on this machine."""
    flush_s: float
    """Seconds from the end of the sound to the last event."""
    most_lag_s: float
    """Greatest delay of a call behind the sound that it was given."""


def play(session: Listening, clock: SimulatedClock, samples: FloatArray) -> Played:
    """Feed samples (n_samples,) to a session that was given the clock, at the speed of speech."""
    heard: list[Heard] = []
    busy_s = most_lag_s = 0.0
    fed, n_block = 0, round(BLOCK_S * SAMPLE_RATE_HZ)
    while fed < len(samples):
        due_s = min(fed + n_block, len(samples)) / SAMPLE_RATE_HZ
        clock.now = max(clock.now, due_s)
        came = math.floor(clock.now * SAMPLE_RATE_HZ / n_block + 1e-6) * n_block
        stop = min(max(came, fed + n_block), len(samples))
        piece, fed = samples[fed:stop], stop
        most_lag_s = max(most_lag_s, clock.now - due_s)
        events, seconds = clock.work(partial(session.feed, piece))
        busy_s += seconds
        heard += [Heard(clock.now, clock.now - due_s, event) for event in events]
    length_s = len(samples) / SAMPLE_RATE_HZ
    clock.now = max(clock.now, length_s)
    events, seconds = clock.work(session.finish)
    heard += [Heard(clock.now, clock.now - length_s, event) for event in events]
    return Played(tuple(heard), length_s, busy_s + seconds, clock.now - length_s, most_lag_s)


def with_quiet(samples: FloatArray, seconds: float) -> FloatArray:
    """Put after a recording so many seconds of quiet as there is between its words."""
    n_frames = len(samples) // _FRAME_SAMPLES
    loudness = np.sqrt(np.square(samples[: n_frames * _FRAME_SAMPLES].reshape(n_frames, -1)).mean(axis=1))
    level = max(float(np.percentile(loudness, _QUIET_PERCENTILE)), _LEAST_NOISE) if n_frames else _LEAST_NOISE
    noise = np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE_HZ)) * level
    return np.concatenate([samples, noise.astype(np.float32)])
