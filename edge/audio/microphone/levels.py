"""Levels of what a microphone gives, and what they say about it: muted, too loud."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, log10

import numpy as np

from ...arrays import FloatArray
from ...gaps import Gap
from ..mono import SAMPLE_RATE_HZ
from .pieces import Captured, Notice

_FULL_SCALE = 0.999
_CLIPPED_AT_ONCE = 4
_SAID_AGAIN_S = 30.0
_MUTED_S = 0.8
"""Seconds of one and the same sample that no microphone gives: each has noise."""


@dataclass(frozen=True, slots=True)
class Level:
    """Loudness of a piece of sound in dB, where 0 is full scale; -inf is exact silence."""

    rms_dbfs: float
    peak_dbfs: float
    is_clipped: bool
    """Whether several samples are as large as can be."""


def level_of(samples: FloatArray) -> Level:
    """Measure samples (n_samples,)."""
    if not len(samples):
        return Level(-inf, -inf, False)
    magnitude = np.abs(samples)
    power = float(np.dot(samples, samples)) / len(samples)
    n_clipped = int(np.count_nonzero(magnitude >= _FULL_SCALE))
    return Level(10 * log10(power) if power else -inf, _decibels(float(magnitude.max())), n_clipped >= _CLIPPED_AT_ONCE)


def _decibels(amplitude: float) -> float:
    return 20 * log10(amplitude) if amplitude else -inf


class LevelWatch:
    """An ear for what the user should be told of while there is time to act."""

    def __init__(self) -> None:
        self._value: float | None = None
        self._n_same = 0
        self._is_muted = False
        self._clipping_said_s = -inf

    def feed(self, piece: Captured | Gap) -> Iterator[Notice]:
        """Take what comes, and give what should be said about it."""
        if isinstance(piece, Gap):
            self._value, self._n_same = None, 0
            return
        samples, at_s = piece.samples, piece.end / SAMPLE_RATE_HZ
        if not len(samples):
            return
        self._count(samples)
        if not self._is_muted and self._n_same >= _MUTED_S * SAMPLE_RATE_HZ:
            self._is_muted = True
            yield Notice(
                "muted", at_s, "the microphone gives exact silence: is it muted, or another than you speak into?"
            )
        elif self._is_muted and self._n_same < len(samples):
            self._is_muted = False
            yield Notice("heard", at_s, "the microphone gives sound again")
        if level_of(samples).is_clipped and at_s - self._clipping_said_s >= _SAID_AGAIN_S:
            self._clipping_said_s = at_s
            yield Notice("clipping", at_s, "the microphone is too loud: turn its level down, or step back from it")

    def _count(self, samples: FloatArray) -> None:
        """Count how many of the latest samples are the same."""
        last = float(samples[-1])
        others = np.flatnonzero(samples != last)
        if len(others):
            self._n_same = len(samples) - 1 - int(others[-1])
        else:
            self._n_same = len(samples) + (self._n_same if last == self._value else 0)
        self._value = last
