"""A sound whose pitch tells the time, to see where what is read belongs."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.audio import AudioInput, open_audio
from edge.gaps import Gap

RATE_HZ = 16000
_FROM_HZ, _HZ_PER_S = 300.0, 200.0


def sweep(seconds: float, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """A pitch that rises by 200 Hz in a second."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * (_FROM_HZ * time + _HZ_PER_S / 2 * time**2)
    noise = np.random.default_rng(1).standard_normal(len(time))
    return (0.3 * np.sin(phase) + 0.01 * noise).astype(np.float32)


def encoded(seconds: float, *, rate_hz: int = RATE_HZ, n_channels: int = 1, **format: Any) -> bytes:
    """The sweep as a file."""
    file = io.BytesIO()
    samples = np.repeat(sweep(seconds, rate_hz)[:, None], n_channels, axis=1)
    with soundfile.SoundFile(file, "w", rate_hz, n_channels, **format) as sound:
        for start in range(0, len(samples), 4096):
            sound.write(samples[start : start + 4096])
    return file.getvalue()


def read_all(audio: AudioInput, **options: Any) -> tuple[NDArray[np.float32], list[Gap]]:
    """The samples, and what is missing of them."""
    source = open_audio(audio, **options)
    return np.concatenate(list(source)), source.gaps


def time_of(samples: NDArray[np.float32]) -> float:
    """Which second of the sweep the middle of a stretch of samples is."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 16))
    return (float(np.argmax(spectrum)) * RATE_HZ / (1 << 16) - _FROM_HZ) / _HZ_PER_S


def is_in_time(samples: NDArray[np.float32], from_s: float, to_s: float, late_s: float = 0.0) -> bool:
    """Whether the sweep is where it belongs, `late_s` later than by itself, all the way between two times."""
    for at_s in np.arange(from_s, to_s - 0.25, 0.25):
        first = round(at_s * RATE_HZ)
        if abs(time_of(samples[first : first + RATE_HZ // 4]) + late_s - at_s - 0.125) > 0.12:
            return False
    return True
