"""Mel filters, for checkpoints that do not carry their own."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edge.audio import SAMPLE_RATE_HZ
from edge.whisper.features import N_FFT

WINDOW_S = 30
"""Seconds that the encoder sees at once."""

N_BINS = N_FFT // 2 + 1

# The Slaney scale: linear up to 1 kHz at 200/3 Hz a mel, then 27 mels for every factor of 6.4.
_HZ_PER_MEL = 200.0 / 3.0
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = float(np.log(6.4)) / 27.0


@lru_cache(maxsize=4)
def mel_filters(n_mels: int) -> NDArray[np.float32]:
    """Make triangles of unit area on the Slaney scale, 0 to 8 kHz, as Whisper was trained with: (n_mels, 201)."""
    corners_hz = _to_hz(np.linspace(0.0, _to_mel(SAMPLE_RATE_HZ / 2), n_mels + 2))
    bins_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, N_BINS)
    widths = np.diff(corners_hz)
    rising = (bins_hz - corners_hz[:-2, None]) / widths[:-1, None]
    falling = (corners_hz[2:, None] - bins_hz) / widths[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    areas = (corners_hz[2:] - corners_hz[:-2]) / 2.0
    filters: NDArray[np.float32] = (triangles / areas[:, None]).astype(np.float32)
    filters.flags.writeable = False
    return filters


@lru_cache(maxsize=1)
def hann_window() -> NDArray[np.float32]:
    """Make the periodic Hann window of one frame: (400,)."""
    window: NDArray[np.float32] = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)
    window.flags.writeable = False
    return window


def _to_mel(hz: float) -> float:
    if hz < _BREAK_HZ:
        return hz / _HZ_PER_MEL
    return _BREAK_MEL + float(np.log(hz / _BREAK_HZ)) / _LOG_STEP


def _to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = mel * _HZ_PER_MEL
    logarithmic = _BREAK_HZ * np.exp((mel - _BREAK_MEL) * _LOG_STEP)
    return np.where(mel < _BREAK_MEL, linear, logarithmic)
