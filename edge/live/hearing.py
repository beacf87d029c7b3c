"""Hears where somebody speaks while sound comes in: the detector's probability and the loudness of every 32 ms.

A quiet voice after a loud one, or far from the microphone, is missed by the detector unless it is as loud as others:
each frame is brought near one level, by what was loudest shortly before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from ..listen.vad.silero import FRAME_SAMPLES, SileroVad

_LEVEL, _MOST_GAIN = 0.3, 30.0
"""Level of the loudest sample of the last seconds, as far as a gain of 30 dB brings it there."""
_DECAY = 0.5 ** (FRAME_SAMPLES / 16000)
"""Factor by which the loudest sample is forgotten with each frame: half of it in a second."""


@dataclass(frozen=True, slots=True)
class HeardFrame:
    """What is heard in a frame of 32 ms."""

    probability: float
    """Probability that somebody speaks."""
    power: float
    """Mean square of the samples."""


class Hearing:
    """A listener to one stream, in pieces of any size."""

    def __init__(self, vad: SileroVad) -> None:
        self._stream = vad.stream()
        self._pending = np.zeros(0, np.float32)
        self._loudest = _LEVEL / _MOST_GAIN
        self._gain = 1.0

    def feed(self, samples: FloatArray, *, at_least: int = 1) -> list[HeardFrame]:
        """Take samples (n_samples,) between -1 and 1, and return the frames that are complete now.

        Fewer than `at_least` frames wait for more: the detector costs less for several at once.
        """
        pending = np.concatenate([self._pending, samples])
        n_frames = len(pending) // FRAME_SAMPLES
        if n_frames < max(at_least, 1):
            self._pending = pending
            return []
        self._pending = pending[n_frames * FRAME_SAMPLES :]
        frames = pending[: n_frames * FRAME_SAMPLES].reshape(n_frames, FRAME_SAMPLES)
        powers = np.square(frames).mean(axis=1)
        probabilities = self._stream.feed(self._leveled(frames).reshape(-1))
        return [
            HeardFrame(probability, power)
            for probability, power in zip(probabilities.tolist(), powers.tolist(), strict=True)
        ]

    def _leveled(self, frames: FloatArray) -> FloatArray:
        """Bring frames (n_frames, n_samples) near one level; within a frame the gain changes evenly."""
        leveled = np.empty_like(frames)
        steps = np.arange(1, FRAME_SAMPLES + 1, dtype=np.float32) / FRAME_SAMPLES
        for frame, out in zip(frames, leveled, strict=True):
            loudest = float(np.abs(frame).max())
            self._loudest = max(loudest, self._loudest * _DECAY, _LEVEL / _MOST_GAIN)
            gain = _LEVEL / self._loudest
            before = min(self._gain, gain)
            np.multiply(frame, np.float32(before) + steps * np.float32(gain - before), out=out)
            self._gain = gain
        return np.clip(leveled, -1, 1, out=leveled)
