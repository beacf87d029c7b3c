"""Turns the chunks of sound that a peer sends into samples at 16 kHz."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..audio.channels import mix
from ..audio.mono import SAMPLE_RATE_HZ
from ..audio.wav import WavFormat, samples_of
from ..errors import AudioError

_RATES_HZ = range(8000, 192_001)
_WIDTHS = (1, 2, 3, 4)
_MOST_CHANNELS = 8


class PcmStream:
    """A stream of sound of one format, which its first chunk names."""

    def __init__(self) -> None:
        self._format: WavFormat | None = None
        self._resample: Any = None
        self._left = b""

    def feed(self, rate_hz: object, width: object, channels: object, data: bytes) -> FloatArray:
        """Return samples (n_samples,), mono at 16 kHz.

        Raises:
            AudioError: there is no such format, or it changes within the stream.
        """
        found = _format_of(rate_hz, width, channels)
        if self._format is None:
            self._format = found
        elif self._format != found:
            raise AudioError("expected sound of one format, found another one within it")
        data = self._left + data
        n_whole = len(data) - len(data) % found.frame_bytes
        self._left = data[n_whole:]
        mono = next(mix(_once(samples_of(data[:n_whole], found)), "the sound"), np.zeros(0, np.float32))
        return self._resampled(mono, is_last=False)

    def finish(self) -> FloatArray:
        """Return what the resampler still has."""
        return self._resampled(np.zeros(0, np.float32), is_last=True)

    def _resampled(self, samples: FloatArray, *, is_last: bool) -> FloatArray:
        if self._format is None or self._format.rate_hz == SAMPLE_RATE_HZ:
            return samples
        import soxr  # most peers send 16 kHz

        if self._resample is None:
            self._resample = soxr.ResampleStream(self._format.rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality="HQ")
        resampled: FloatArray = self._resample.resample_chunk(samples, last=is_last)
        return resampled


def _once(block: FloatArray) -> Iterator[FloatArray]:
    if len(block):
        yield block


def _format_of(rate_hz: object, width: object, channels: object) -> WavFormat:
    if type(rate_hz) is not int or rate_hz not in _RATES_HZ:
        raise AudioError(f"expected a rate of {_RATES_HZ.start} to {_RATES_HZ.stop - 1} Hz, found {str(rate_hz)[:40]}")
    if type(width) is not int or width not in _WIDTHS:
        raise AudioError(f"expected samples of 1 to 4 bytes, found {str(width)[:40]}")
    if type(channels) is not int or not 1 <= channels <= _MOST_CHANNELS:
        raise AudioError(f"expected 1 to {_MOST_CHANNELS} channels, found {str(channels)[:40]}")
    return WavFormat(rate_hz, channels, width)
