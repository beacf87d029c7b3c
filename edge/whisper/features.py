"""Computes log-mel features, equal to openai-whisper's; a stream and a whole recording share one function.

A frame's raw value, log10 of its mel energies, depends only on 400 samples and is computed once, with the same bits on
every processor (kernels/ops/log_mel). What depends on the window that a frame is seen in, the floor 8 below the loudest
value, is applied afterwards by `window_features`. Arrays are time-major: (n_frames, n_mels).
"""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray, IntArray
from ..audio.mono import SAMPLE_RATE_HZ
from ..ops import log_mel

N_FFT = 400
HOP_SAMPLES = 160
FRAMES_PER_SECOND = SAMPLE_RATE_HZ // HOP_SAMPLES
SILENCE = -10.0
"""Raw value of digital silence: log10 of the smallest energy that is distinguished."""

_PAD_SAMPLES = N_FFT // 2
_LOUDEST_TO_FLOOR = np.float32(8)


def _bounds(mel_filters: FloatArray) -> IntArray:
    """Find the bins outside of which each filter (n_mels, n_bins) is zero: the first ones and the ends, (2, n_mels)."""
    used = mel_filters != 0
    n_bins = used.shape[1]
    first = np.where(used.any(axis=1), used.argmax(axis=1), 0)
    end = np.where(used.any(axis=1), n_bins - used[:, ::-1].argmax(axis=1), 0)
    return np.stack([first, end]).astype(np.int32)


class LogMel:
    """A converter of samples to raw log-mel frames as they come, in pieces of any size."""

    def __init__(self, mel_filters: FloatArray) -> None:
        n_bins = N_FFT // 2 + 1
        if mel_filters.ndim != 2 or mel_filters.shape[1] != n_bins:
            raise ValueError(f"expected mel filters of shape (n_mels, {n_bins}), found {mel_filters.shape}")
        self.n_mels = mel_filters.shape[0]
        self._weights = np.ascontiguousarray(mel_filters, np.float32)
        self._bounds = _bounds(self._weights)
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
        raw = log_mel(self._pending, max(n_frames, 0), self._bounds, self._weights)
        self._pending = self._pending[len(raw) * HOP_SAMPLES :].copy()
        return raw


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
