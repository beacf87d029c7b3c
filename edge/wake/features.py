"""Features for wake words by example: cepstra of microWakeWord's noise-reduced front end, and how they change."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from ..errors import OptionError

FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
"""Samples of a frame, 20 ms."""

_HOP_SAMPLES = SAMPLE_RATE_HZ // 100
_N_BANDS, _N_CEPSTRA = 40, 13
_BEHIND = 4
"""Frames between the two whose difference is the change at a moment."""
_MEANS = (8, 0.5, 5, 1.5, 0, 0, -0.5, 1.5, 0, 0, 0.5, 1.5, 2)
_DEVIATIONS = (83, 52, 45, 32, 28, 26, 22, 22, 21, 20, 19, 18, 17)
"""Means and deviations of the cepstra in read speech."""
_CHANGE = 1.37
"""Deviations of a change, in those of the cepstra."""


def _cosines() -> FloatArray:
    orders, bands = np.arange(1, _N_CEPSTRA + 1)[:, None], np.arange(_N_BANDS)[None] + 0.5
    return np.asarray(np.cos(np.pi / _N_BANDS * orders * bands).T, np.float32)


class Features:
    """A converter of sound to frames of length 1, (n_frames, 26), in pieces of any size."""

    def __init__(self) -> None:
        """Begin.

        Raises:
            OptionError: the library is missing.
        """
        if find_spec("pymicro_wakeword") is None:
            raise OptionError('a wake word needs pymicro-wakeword: pip install "edgewise[assist]"')
        from pymicro_wakeword import MicroWakeWordFeatures

        self._front_end = MicroWakeWordFeatures()
        self._pending = np.zeros(0, np.float32)
        self._cosines = _cosines()
        self._means, self._deviations = np.array(_MEANS, np.float32), np.array(_DEVIATIONS, np.float32)
        self._is_second = False
        self._before = np.zeros((_BEHIND, _N_CEPSTRA), np.float32)

    def feed(self, samples: FloatArray) -> FloatArray:
        """Take samples (n_samples,), mono at 16 kHz, of any number; gives the frames that are complete."""
        pending = np.concatenate([self._pending, samples])
        n_hops = len(pending) // _HOP_SAMPLES
        self._pending = pending[n_hops * _HOP_SAMPLES :]
        whole = (np.clip(pending[: n_hops * _HOP_SAMPLES], -1, 1) * 32767).astype("<i2").tobytes()
        taken = []
        for bands in self._front_end.process_streaming(whole):
            if not self._is_second:
                taken.append(np.asarray(bands, np.float32).ravel())
            self._is_second = not self._is_second
        if not taken:
            return np.zeros((0, 2 * _N_CEPSTRA), np.float32)
        cepstra = (np.stack(taken) @ self._cosines - self._means) / self._deviations
        behind = np.concatenate([self._before, cepstra])
        self._before = behind[-_BEHIND:]
        both = np.concatenate([cepstra, (cepstra - behind[: len(cepstra)]) / np.float32(_CHANGE)], axis=1)
        return np.asarray(both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-6), np.float32)
