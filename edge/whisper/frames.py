"""Keeps the samples and raw mel frames of a recording as it comes in, and forgets those before the window."""

from __future__ import annotations

from copy import copy

import numpy as np

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from .features import HOP_SAMPLES, LogMel
from .sound import Sound


class FrameBuffer:
    """A buffer that takes samples and gives windows of raw frames; it keeps only what the current window needs."""

    def __init__(self, mel_filters: FloatArray) -> None:
        self._log_mel = LogMel(mel_filters)
        self._frames = [np.zeros((0, self._log_mel.n_mels), np.float32)]
        self._samples = [np.zeros(0, np.float32)]
        self._first = 0  # number of the first frame in the recording; the samples begin with it
        self._n_frames = 0  # frames so far, those forgotten included
        self._ended = False
        self.n_samples = 0
        """Number of samples so far; after the end, of the whole recording."""

    @property
    def n_content(self) -> int:
        """Number of frames that begin in what came so far, as openai-whisper counts them."""
        return self.n_samples // HOP_SAMPLES

    def feed(self, samples: FloatArray) -> None:
        """Take the next samples (n_samples,)."""
        self._add(self._log_mel.feed(samples), samples)

    def finish(self) -> None:
        """Take the end of the recording."""
        self._add(self._log_mel.finish(), np.zeros(0, np.float32))
        self._ended = True

    def _add(self, frames: FloatArray, samples: FloatArray) -> None:
        self._frames.append(frames)
        self._samples.append(samples)
        self._n_frames += len(frames)
        self.n_samples += len(samples)

    def copy(self) -> FrameBuffer:
        """Return a buffer that goes on from here on its own."""
        twin = copy(self)
        twin._log_mel = copy(self._log_mel)
        twin._frames, twin._samples = list(self._frames), list(self._samples)
        return twin

    def reaches(self, stop: int) -> bool:
        """Whether all frames before frame `stop` are there, or all that there will ever be."""
        return self._ended or self._n_frames >= stop

    def window(self, seek: int, n_frames: int) -> Sound:
        """Give what the recording holds from frame `seek` on, up to `n_frames`, and forget what is before it."""
        self.forget(seek)
        return self.ahead(seek, n_frames)

    def ahead(self, seek: int, n_frames: int) -> Sound:
        """Give the same as `window`, but forget nothing: a look at what comes after a window."""
        first, asked = seek - self._first, n_frames
        n_frames = max(min(n_frames, self.n_content - seek), 0)
        reaches_end = seek + n_frames == self.n_content  # the last frames reach past it
        raw = _joined(self._frames)[first : first + (asked if reaches_end else n_frames)]
        samples = _joined(self._samples)[first * HOP_SAMPLES : (first + n_frames) * HOP_SAMPLES]
        return Sound(seek, n_frames, raw, samples, self.n_samples / SAMPLE_RATE_HZ)

    def forget(self, seek: int) -> None:
        """Forget the frames before `seek`, as far as they are there."""
        n_past = min(seek, self._n_frames) - self._first
        if n_past > 0:
            self._frames = [_joined(self._frames)[n_past:].copy()]
            self._samples = [_joined(self._samples)[n_past * HOP_SAMPLES :].copy()]
            self._first += n_past


def _joined(parts: list[FloatArray]) -> FloatArray:
    """Join the parts into one array, which replaces them."""
    if len(parts) > 1:
        parts[:] = [np.concatenate(parts)]
    return parts[0]
