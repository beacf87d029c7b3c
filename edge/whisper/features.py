"""Computes log-mel features, equal to openai-whisper's; a stream and a whole recording share one function.

A frame's raw value, log10 of its mel energies, depends only on 400 samples and is computed once. What depends on the
window that a frame is seen in, the floor 8 below the loudest value, is applied afterwards by `window_features`. Arrays
are time-major: (n_frames, n_mels).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ

N_FFT = 400
HOP_SAMPLES = 160
FRAMES_PER_SECOND = SAMPLE_RATE_HZ // HOP_SAMPLES
SILENCE = -10.0
"""Raw value of digital silence: log10 of the smallest energy that is distinguished."""

_PAD_SAMPLES = N_FFT // 2
_SMALLEST_ENERGY = np.float32(1e-10)
_LOUDEST_TO_FLOOR = np.float32(8)
_BLOCK_FRAMES = 128  # a block's spectra, in double precision, stay in the second-level cache
_BAND_MELS = 8


@dataclass(frozen=True, slots=True)
class _Band:
    """A few neighboring mel filters, and the bins outside of which they are zero."""

    mels: slice
    bins: slice
    weights: FloatArray
    """Weights of the band's filters: (n_bins, n_mels)."""


def _bands(mel_filters: FloatArray) -> list[_Band]:
    """Cut the filters (n_mels, n_bins) into bands.

    One product over all bins would multiply mostly zeros, and be large enough for BLAS to start its threads, which then
    wait for each other on a busy machine.
    """
    bands = []
    for first in range(0, len(mel_filters), _BAND_MELS):
        filters = mel_filters[first : first + _BAND_MELS]
        used = np.flatnonzero(filters.any(axis=0))
        bins = slice(used[0], used[-1] + 1) if len(used) else slice(0, 1)
        mels = slice(first, first + len(filters))
        bands.append(_Band(mels, bins, np.ascontiguousarray(filters[:, bins].T)))
    return bands


class LogMel:
    """A converter of samples to raw log-mel frames as they come, in pieces of any size."""

    def __init__(self, mel_filters: FloatArray) -> None:
        n_bins = N_FFT // 2 + 1
        if mel_filters.ndim != 2 or mel_filters.shape[1] != n_bins:
            raise ValueError(f"expected mel filters of shape (n_mels, {n_bins}), found {mel_filters.shape}")
        self.n_mels = mel_filters.shape[0]
        self._bands = _bands(mel_filters.astype(np.float32))
        # Hann, periodic: the next window begins where this one's cosine ends.
        self._window = 0.5 - 0.5 * np.cos(2 * np.pi / N_FFT * np.arange(N_FFT))
        self._pending = np.zeros(0, np.float32)  # from the first sample of the next frame on
        self._started = False

    def feed(self, samples: FloatArray) -> FloatArray:
        """Take samples (n_samples,) and give the frames that are now complete, (n_frames, n_mels)."""
        self._pending = np.concatenate([self._pending, samples])
        if not self._started:
            if len(self._pending) <= _PAD_SAMPLES:
                return np.zeros((0, self.n_mels), np.float32)
            self._start()
        return self._frames((len(self._pending) - N_FFT) // HOP_SAMPLES + 1)

    def finish(self) -> FloatArray:
        """Give the last frames, which reach past the end into silence; then a new stream may begin."""
        if not self._started and len(self._pending):
            self._pending = np.pad(self._pending, (0, _PAD_SAMPLES + 1 - len(self._pending)))
            self._start()
        n_frames = -(-len(self._pending) // HOP_SAMPLES)
        self._pending = np.pad(self._pending, (0, N_FFT))
        frames = self._frames(n_frames)
        self._pending, self._started = np.zeros(0, np.float32), False
        return frames

    def _start(self) -> None:
        # The first frame is centered on the first sample; what would lie before it is mirrored.
        self._pending = np.concatenate([self._pending[_PAD_SAMPLES:0:-1], self._pending])
        self._started = True

    def _frames(self, n_frames: int) -> FloatArray:
        n_frames = max(n_frames, 0)
        raw = np.empty((n_frames, self.n_mels), np.float32)
        if n_frames:
            windows = np.lib.stride_tricks.sliding_window_view(self._pending, N_FFT)[::HOP_SAMPLES]
            for start in range(0, n_frames, _BLOCK_FRAMES):
                stop = min(start + _BLOCK_FRAMES, n_frames)
                self._log_mel(windows[start:stop], out=raw[start:stop])
            self._pending = self._pending[n_frames * HOP_SAMPLES :].copy()
        return raw

    def _log_mel(self, windows: FloatArray, out: FloatArray) -> None:
        # In double precision, which costs the same: single errs by up to 2e-5 in quiet bins next to loud ones.
        spectrum = np.fft.rfft(windows * self._window, axis=1)
        energy = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        for band in self._bands:
            np.matmul(energy[:, band.bins], band.weights, out=out[:, band.mels])
        np.maximum(out, _SMALLEST_ENERGY, out=out)
        np.log10(out, out=out)
        np.maximum(out, SILENCE, out=out)  # log10 rounds silence to just below it


def raw_log_mel(samples: FloatArray, mel_filters: FloatArray) -> FloatArray:
    """Compute the raw frames of a whole recording at once, (n_frames, n_mels)."""
    log_mel = LogMel(mel_filters)
    return np.concatenate([log_mel.feed(samples), log_mel.finish()])


def window_features(raw: FloatArray, n_frames: int) -> FloatArray:
    """Make the encoder's input (n_frames, n_mels) from a window of raw frames; what is missing is silence."""
    features = np.full((n_frames, raw.shape[1]), SILENCE, np.float32)
    n_given = min(len(raw), n_frames)
    features[:n_given] = raw[:n_given]
    np.maximum(features, features.max() - _LOUDEST_TO_FLOOR, out=features)
    features += np.float32(4)
    features /= np.float32(4)
    return features
