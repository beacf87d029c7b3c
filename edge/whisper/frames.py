"""The raw mel frames of a recording, read on demand and forgotten behind the window."""

from __future__ import annotations

import time

import numpy as np

from ..audio import AudioSource
from ..features import HOP_SAMPLES, LogMel
from .protocol import FloatArray


class FrameStream:
    """Gives windows of raw frames, front to back; keeps only what the current window needs."""

    def __init__(self, source: AudioSource, mel_filters: FloatArray) -> None:
        self._blocks = iter(source)
        self._log_mel = LogMel(mel_filters)
        self._frames = np.zeros((0, self._log_mel.n_mels), np.float32)
        self._first = 0  # number of self._frames[0] in the recording
        self._ended = False
        self.n_samples = 0
        """Samples read so far; of the whole recording once a window reached its end."""
        self.audio_s = 0.0
        """Time spent reading the recording."""
        self.features_s = 0.0
        """Time spent on the features."""

    @property
    def n_content(self) -> int:
        """Frames that begin in what was read so far, as openai-whisper counts them."""
        return self.n_samples // HOP_SAMPLES

    def window(self, seek: int, n_frames: int) -> FloatArray:
        """Raw frames from `seek` on (≤ n_frames, n_mels), fewer only at the end.

        `seek` lies in the window before or at its end: what is before it is forgotten.
        """
        parts = [self._frames[seek - self._first :]]
        self._first = seek
        n_ahead = len(parts[0])
        while n_ahead < n_frames and not self._ended:
            parts.append(self._read())
            n_ahead += len(parts[-1])
        self._frames = np.concatenate(parts)
        return self._frames[:n_frames]

    def _read(self) -> FloatArray:
        began = time.perf_counter()
        block = next(self._blocks, None)
        read = time.perf_counter()
        if block is None:
            self._ended = True
            frames = self._log_mel.finish()
        else:
            self.n_samples += len(block)
            frames = self._log_mel.feed(block)
        self.audio_s += read - began
        self.features_s += time.perf_counter() - read
        return frames
