"""The last seconds that were heard."""

from __future__ import annotations

from collections import deque

import numpy as np

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ

_KEPT_S = 2.0
LEAD_S = 0.1
"""Seconds before the moment of detection from which a command is listened to: some go on at once."""
BEHIND_S = 0.8
"""Seconds of what was spoken into an answer that are listened to again as the beginning of a command."""


class Recent:
    """A store of what the microphone gave lately, which counts all of it."""

    def __init__(self) -> None:
        self.n_heard = 0
        """Samples by now."""
        self._pieces: deque[FloatArray] = deque()

    def append(self, samples: FloatArray) -> None:
        """Take samples (n_samples,), mono at 16 kHz."""
        self.n_heard += len(samples)
        self._pieces.append(samples)
        while sum(map(len, self._pieces)) - len(self._pieces[0]) > _KEPT_S * SAMPLE_RATE_HZ:
            self._pieces.popleft()

    def last(self, n_samples: int) -> FloatArray:
        """Return so many samples, or those that are kept."""
        whole = np.concatenate([np.zeros(0, np.float32), *self._pieces])
        return whole[max(0, len(whole) - n_samples) :]

    def clear(self) -> None:
        """Forget the sound; the count goes on."""
        self._pieces.clear()
