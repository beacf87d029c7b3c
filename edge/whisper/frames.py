"""The samples and raw mel frames of a recording, read on demand and forgotten behind the window."""

from __future__ import annotations

import time

import numpy as np

from ..arrays import FloatArray
from ..audio import SAMPLE_RATE_HZ, AudioSource
from .features import HOP_SAMPLES, LogMel
from .sound import Sound


class FrameStream:
    """Gives windows of raw frames, front to back; keeps only what the current window needs."""

    def __init__(self, source: AudioSource, mel_filters: FloatArray) -> None:
        self._blocks = iter(source)
        self._log_mel = LogMel(mel_filters)
        self._frames = np.zeros((0, self._log_mel.n_mels), np.float32)
        self._samples = np.zeros(0, np.float32)
        self._first = 0  # number of self._frames[0] in the recording; self._samples begin with it
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

    def window(self, seek: int, n_frames: int) -> Sound:
        """What the recording holds from frame `seek` on, up to `n_frames`.

        `seek` is not before that of the last window: what is before it is forgotten.
        """
        self.forget(seek)
        window = self.ahead(seek, n_frames)
        self.forget(seek)
        return window

    def ahead(self, seek: int, n_frames: int) -> Sound:
        """The same, but nothing is forgotten: a look at what comes after a window."""
        self._read_up_to(seek + n_frames)
        first, asked = seek - self._first, n_frames
        n_frames = max(min(n_frames, self.n_content - seek), 0)
        reaches_end = seek + n_frames == self.n_content  # the last frames reach past it
        raw = self._frames[first : first + (asked if reaches_end else n_frames)]
        samples = self._samples[first * HOP_SAMPLES : (first + n_frames) * HOP_SAMPLES]
        return Sound(seek, n_frames, raw, samples, self.n_samples / SAMPLE_RATE_HZ)

    def _read_up_to(self, stop: int) -> None:
        """Read as many blocks as there have to be for the frames before `stop`."""
        frames, samples = [self._frames], [self._samples]
        n_ahead = self._first + len(self._frames)
        while n_ahead < stop and not self._ended:
            more, block = self._read()
            frames.append(more)
            samples.append(block)
            n_ahead += len(more)
        if len(frames) > 1:
            self._frames, self._samples = np.concatenate(frames), np.concatenate(samples)

    def read_ahead(self) -> FloatArray | None:
        """Read one more block, and keep it for the windows to come; its samples (n_samples,), None at the end."""
        if self._ended:
            return None
        frames, samples = self._read()
        self._frames = np.concatenate([self._frames, frames])
        self._samples = np.concatenate([self._samples, samples])
        return None if self._ended else samples

    def forget(self, seek: int) -> None:
        """Give up the frames before `seek`, as far as they have been read."""
        n_past = min(max(seek - self._first, 0), len(self._frames))
        if n_past:
            self._frames = self._frames[n_past:].copy()
            self._samples = self._samples[n_past * HOP_SAMPLES :].copy()
            self._first += n_past

    def _read(self) -> tuple[FloatArray, FloatArray]:
        """The next frames, and the next samples."""
        began = time.perf_counter()
        block = next(self._blocks, None)
        read = time.perf_counter()
        if block is None:
            self._ended = True
            block, frames = np.zeros(0, np.float32), self._log_mel.finish()
        else:
            self.n_samples += len(block)
            frames = self._log_mel.feed(block)
        self.audio_s += read - began
        self.features_s += time.perf_counter() - read
        return frames, block
