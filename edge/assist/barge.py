"""Hears whether somebody speaks into an answer."""

from __future__ import annotations

from collections import deque

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from ..listen.vad.silero import FRAME_SAMPLES, SileroVad
from ..live.turns import SPEECH

_WINDOW = round(0.3 * SAMPLE_RATE_HZ / FRAME_SAMPLES)
_ENOUGH = 0.7
"""Share of the last frames that have to sound like speech."""
_LEAST_POWER = 1e-6
"""Power (a level of -60 dB) below which what is left of an echo is no speech, however much it sounds like it."""


class Barge:
    """A listener during one answer, to what is left of the sound when the answer is taken out."""

    def __init__(self, vad: SileroVad) -> None:
        self._stream = vad.stream()
        self._frames: deque[bool] = deque(maxlen=_WINDOW)

    def feed(self, samples: FloatArray, *, is_fair: bool) -> bool:
        """Take samples (n_samples,), mono at 16 kHz; whether somebody speaks by now, where that can be told at all."""
        is_loud = float((samples * samples).mean()) >= _LEAST_POWER
        for probability in self._stream.feed(samples).tolist():
            self._frames.append(is_loud and is_fair and probability >= SPEECH)
        return sum(self._frames) >= _ENOUGH * _WINDOW
