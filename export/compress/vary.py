"""Varied speech: recordings heard again faster or slower, in rooms, in noise, louder and quieter.

What a smaller model unlearns first is what it rarely hears, and the whole model says by itself what is in a varied
recording: more of it costs no transcript.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ

_SPEEDS = 0.85, 1.2
"""Bounds of the factor by which speech is faster."""

_LEVELS_DB = -20.0, 6.0
_NOISE_RATIOS_DB = 3.0, 25.0
"""Bounds of the level of speech over that of noise."""

_SHARE = 0.4
"""Share of the clips that are heard in a room, and of those that are heard in noise."""

_ROOM_S = 1.0
"""Length of a room's answer that is used, from its loudest moment: the clip stays where it was in time."""

_FAINT = 1e-9
"""Level that counts as silence."""


class Varied:
    """Way to hear a clip again, each time otherwise."""

    def __init__(self, rooms: Sequence[FloatArray], noises: Sequence[FloatArray], rng: np.random.Generator) -> None:
        """Take rooms' impulse responses and noises, none of them silent."""
        self._rng = rng
        self._rooms = [_from_loudest(samples) for samples in rooms]
        self._noises = noises

    def __call__(self, samples: FloatArray) -> FloatArray:
        """Make another clip of one: faster or slower, perhaps in a room or in noise, louder or quieter."""
        rng = self._rng
        samples = faster(samples, rng.uniform(*_SPEEDS))
        if self._rooms and rng.random() < _SHARE:
            samples = in_room(samples, self._rooms[int(rng.integers(len(self._rooms)))])
        if self._noises and rng.random() < _SHARE:
            noise = self._noises[int(rng.integers(len(self._noises)))]
            samples = in_noise(samples, np.roll(noise, rng.integers(len(noise))), rng.uniform(*_NOISE_RATIOS_DB))
        louder: FloatArray = samples * np.float32(10 ** (rng.uniform(*_LEVELS_DB) / 20))
        return louder.clip(-1, 1)


def faster(samples: FloatArray, factor: float) -> FloatArray:
    """Make a clip faster, or slower where the factor is below 1; its pitch goes along."""
    n = max(1, round(len(samples) / factor))
    found = np.fft.irfft(np.fft.rfft(samples)[: n // 2 + 1], n) * (n / len(samples))
    return found.astype(np.float32)


def in_room(samples: FloatArray, room: FloatArray) -> FloatArray:
    """Put a clip into a room, as loud as it was."""
    n = len(samples) + len(room) - 1
    heard = np.fft.irfft(np.fft.rfft(samples, n) * np.fft.rfft(room, n), n)[: len(samples)].astype(np.float32)
    return heard * np.float32(_level(samples) / max(_level(heard), _FAINT))


def in_noise(samples: FloatArray, noise: FloatArray, ratio_db: float) -> FloatArray:
    """Add noise, so many decibels below the clip; it begins anew where it is shorter."""
    noise = np.resize(noise, len(samples))
    return samples + noise * np.float32(_level(samples) / max(_level(noise), _FAINT) * 10 ** (-ratio_db / 20))


def _level(samples: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(samples), dtype=np.float64)))


def _from_loudest(room: FloatArray) -> FloatArray:
    loudest = int(np.abs(room).argmax())
    return room[loudest : loudest + round(_ROOM_S * SAMPLE_RATE_HZ)]
