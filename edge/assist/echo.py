"""The assistant's own voice, taken out of what its microphone hears."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from .voice import Spoken

_FRAME_SAMPLES = SAMPLE_RATE_HZ // 100
_TAIL_S = 1.0
"""Seconds after the end of what is played in which an echo may still come, from buffers and from the room."""
_TRIAL_SAMPLES = round(0.8 * SAMPLE_RATE_HZ)
"""Samples from the beginning of what is played in which it shows whether the echo is taken out."""
_LEFT = 0.2
"""Share of the power that may be left of an echo that is taken out."""
_QUIET = 1e-5
"""Power of what is heard (a level of -50 dB) below which there is no echo to speak of."""


class Echo(Protocol):
    """Something that knows what is played, and takes it out of what is heard."""

    @property
    def is_out(self) -> bool:
        """Whether what is played is known to be taken out of what is heard, so that what is left is somebody else."""
        ...

    def play(self, spoken: Spoken) -> None:
        """Take note that this begins to be played, with the next sample that is heard."""
        ...

    def stop(self) -> None:
        """Take note that nothing is played any more."""
        ...

    def clean(self, samples: FloatArray) -> FloatArray:
        """Return samples (n_samples,), as they are heard, without the echo; a few may come with the next call."""
        ...


class NoEcho:
    """A canceller that takes nothing out: the library for it is not here."""

    is_out = False

    def play(self, spoken: Spoken) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""

    def clean(self, samples: FloatArray) -> FloatArray:
        """Return the samples as they are."""
        return samples


class WebRtcEcho:
    """The canceller of WebRTC, which finds the delay between what is played and what is heard by itself."""

    def __init__(self) -> None:
        from pywebrtc_audio import EchoCanceller

        self._trial = _Trial()
        self._begin: Callable[[], Any] = partial(EchoCanceller, SAMPLE_RATE_HZ, 1)
        self._canceller = self._begin()
        self._played = np.zeros(0, np.float32)
        self._pending = np.zeros(0, np.float32)
        self._is_over = True

    @property
    def is_out(self) -> bool:
        """Whether what is played is known to be taken out of what is heard, so that what is left is somebody else."""
        return self._trial.has_passed

    def play(self, spoken: Spoken) -> None:
        """Take note that this begins to be played, with the next sample that is heard."""
        self._trial = _Trial()
        self._canceller = self._begin()  # a player starts faster or slower each time, and an old delay misleads
        self._played = np.concatenate([_at_16k(spoken), np.zeros(round(_TAIL_S * SAMPLE_RATE_HZ), np.float32)])
        self._is_over = False

    def stop(self) -> None:
        """Take note that nothing is played any more."""
        self._played = self._played[:0]

    def clean(self, samples: FloatArray) -> FloatArray:
        """Return samples (n_samples,), as they are heard, without the echo; a few may come with the next call."""
        pending = np.concatenate([self._pending, samples])
        if self._is_over:
            self._pending = pending[:0]
            return pending
        n_frames = len(pending) // _FRAME_SAMPLES
        whole, self._pending = np.split(pending, [n_frames * _FRAME_SAMPLES])
        far = self._played[: len(whole)]
        self._played = self._played[len(whole) :]
        self._is_over = not len(self._played)
        far = np.concatenate([far, np.zeros(len(whole) - len(far), np.float32)])
        frames = [
            self._canceller.process(near, played)
            for near, played in zip(whole.reshape(-1, _FRAME_SAMPLES), far.reshape(-1, _FRAME_SAMPLES), strict=True)
        ]
        cleaned = np.concatenate([np.zeros(0, np.float32), *frames])
        self._trial.note(whole, cleaned)
        return cleaned


class _Trial:
    """A look at how much is taken out at the beginning of what is played."""

    def __init__(self) -> None:
        self._n_samples = 0
        self._heard = self._left = 0.0

    def note(self, heard: FloatArray, left: FloatArray) -> None:
        """Take what was heard, and what was left of it."""
        if self._n_samples < _TRIAL_SAMPLES:
            self._n_samples += len(heard)
            self._heard += float(np.square(heard).sum())
            self._left += float(np.square(left).sum())

    @property
    def has_passed(self) -> bool:
        """Whether little is left, or there was next to nothing to take out."""
        is_quiet = self._heard <= _QUIET * self._n_samples
        return self._n_samples >= _TRIAL_SAMPLES and (is_quiet or self._left <= _LEFT * self._heard)


def open_echo() -> Echo:
    """Return the canceller, or one that does nothing where its library is not here."""
    return WebRtcEcho() if find_spec("pywebrtc_audio") is not None else NoEcho()


def _at_16k(spoken: Spoken) -> FloatArray:
    if spoken.rate_hz == SAMPLE_RATE_HZ:
        return spoken.samples
    import soxr

    return np.asarray(soxr.resample(spoken.samples, spoken.rate_hz, SAMPLE_RATE_HZ), np.float32)
