"""Detections out of scores: one for each time that the phrase is said, and where it is asked for, checked."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from .protocol import Detection, Score, WakeWord

Check = Callable[[FloatArray, float], bool]
"""Function that listens again to sound (n_samples,) in which the phrase should be, and whose score is given."""

REST_S = 2.0
"""Seconds after a detection in which there is no other."""

_REFUSED_REST_S = 0.4
"""Seconds after a refusal in which only a sure one counts: the phrase itself may follow."""
_TAIL_S = 0.2
"""Seconds that are waited for before the check, so that it hears the end of the phrase."""
_KEPT_S = 2.5


class Spotter:
    """Hears a wake word in one stream."""

    def __init__(
        self,
        word: WakeWord,
        *,
        threshold: float | None = None,
        check: Check | None = None,
        sure: float = math.inf,
    ) -> None:
        """Begin; `threshold` replaces that of the detector.

        What `check` refuses is no detection; it is not asked about a score of `sure` and more.
        """
        self.word = word
        self.threshold = word.threshold if threshold is None else threshold
        self._check, self._sure = check, sure
        self._rests_until = self._doubts_until = 0
        self._recent = np.zeros(0, np.float32)
        self._at = 0
        self._best: Score | None = None  # what is to be checked
        self._checked_at = 0

    def feed(self, samples: FloatArray) -> list[Detection]:
        """Take samples (n_samples,), mono at 16 kHz, of any number; gives what was detected in them."""
        self._at += len(samples)
        if self._check is not None:
            kept = round(_KEPT_S * SAMPLE_RATE_HZ) + len(samples)
            self._recent = np.concatenate([self._recent, samples])[-kept:]
        return [found for score in self.word.feed(samples) for found in self._look(score)]

    def reset(self) -> None:
        """Forget what was heard, such as after a gap; the count of samples goes on."""
        self.word.reset()
        self._recent, self._best = self._recent[:0], None

    def _look(self, score: Score) -> list[Detection]:
        is_sure = self._check is None or score.value >= self._sure
        rests_until = self._rests_until if is_sure else max(self._rests_until, self._doubts_until)
        if self._best is not None:
            self._best = max(self._best, score, key=lambda each: each.value)
        elif score.value >= self.threshold and score.at >= rests_until:
            self._best, self._checked_at = score, score.at + round(_TAIL_S * SAMPLE_RATE_HZ)
        if self._best is None or (score.at < self._checked_at and not is_sure):
            return []
        best, self._best = self._best, None
        if not is_sure and self._check is not None and not self._check(self._before(score.at), best.value):
            self._doubts_until = score.at + round(_REFUSED_REST_S * SAMPLE_RATE_HZ)
            return []
        self._rests_until = score.at + round(REST_S * SAMPLE_RATE_HZ)
        return [Detection(self.word.phrase, score.at, best.value)]

    def _before(self, at: int) -> FloatArray:
        """Return the sound before a sample, as far as it is kept."""
        stop = len(self._recent) - (self._at - at)
        return self._recent[max(0, stop - round(_KEPT_S * SAMPLE_RATE_HZ)) : max(0, stop)]
