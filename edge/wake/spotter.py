"""Detections out of scores: one for each time that the phrase is said, and where it is asked for, checked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from .protocol import Detection, WakeWord

Check = Callable[[FloatArray], bool]
"""Function that listens again to sound (n_samples,) in which the phrase should be."""

REST_S = 2.0
"""Seconds after a detection in which there is no other."""

_KEPT_S = 2.5


class Spotter:
    """Hears a wake word in one stream."""

    def __init__(
        self,
        word: WakeWord,
        *,
        threshold: float | None = None,
        check: Check | None = None,
    ) -> None:
        """Begin; `threshold` replaces that of the detector, and what `check` refuses is no detection."""
        self.word = word
        self.threshold = word.threshold if threshold is None else threshold
        self._check = check
        self._rests_until = 0
        self._recent = np.zeros(0, np.float32)
        self._at = 0

    def feed(self, samples: FloatArray) -> list[Detection]:
        """Take samples (n_samples,), mono at 16 kHz, of any number; gives what was detected in them."""
        self._remember(samples)
        found = []
        for score in self.word.feed(samples):
            if score.value < self.threshold or score.at < self._rests_until:
                continue
            self._rests_until = score.at + round(REST_S * SAMPLE_RATE_HZ)
            if self._check is None or self._check(self._before(score.at)):
                found.append(Detection(self.word.phrase, score.at, score.value))
        return found

    def reset(self) -> None:
        """Forget what was heard, such as after a gap; the count of samples goes on."""
        self.word.reset()
        self._recent = self._recent[:0]

    def _remember(self, samples: FloatArray) -> None:
        self._at += len(samples)
        if self._check is not None:
            kept = round(_KEPT_S * SAMPLE_RATE_HZ) + len(samples)
            self._recent = np.concatenate([self._recent, samples])[-kept:]

    def _before(self, at: int) -> FloatArray:
        """Return the sound before a sample, as far as it is kept."""
        stop = len(self._recent) - (self._at - at)
        return self._recent[max(0, stop - round(_KEPT_S * SAMPLE_RATE_HZ)) : max(0, stop)]
