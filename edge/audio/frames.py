"""Converts frames of any format, rate and channels, as PyAV decodes them, to 16 kHz mono."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import FloatArray
from .channels import mix
from .mono import BLOCK_VALUES, SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler

_LISTEN_EVERY = 16
_OPPOSED = -0.5
_SILENT = 1e-6


class ToMono:
    """A mixer and resampler that takes frames, of which each may differ from the one before."""

    def __init__(self, name: str) -> None:
        """Begin; `name` stands for the recording in messages."""
        self._name = name
        self._resampler: AudioResampler | None = None
        self._kind: tuple[str, str, int, bool] | None = None
        self._n_frames = 0
        self._are_opposed = False
        self._waiting: list[FloatArray] = []
        self._block = np.zeros((0, 1), np.float32)
        self._mixed = mix(self._blocks(), name)

    def feed(self, frame: AudioFrame) -> Iterator[FloatArray]:
        """Take a frame and give what is ready, which may lag behind."""
        if self._n_frames % _LISTEN_EVERY == 0 and frame.layout.nb_channels == 2 and not self._are_opposed:
            likeness = _likeness(frame)
            self._are_opposed = likeness < _OPPOSED
            self._n_frames -= likeness == 0  # silence tells nothing
        self._n_frames += 1
        # FFmpeg mixes surround sound well. But it lets two channels cancel each other, and does not know how to mix
        # channels of which only the number is known.
        apart = self._are_opposed or frame.layout.name.endswith(" channels")
        kind = (frame.format.name, frame.layout.name, frame.sample_rate, apart)
        if kind != self._kind:
            yield from self.flush()
            self._kind = kind
            self._mixed = mix(self._blocks(), self._name)
        if self._resampler is None:
            from av.audio.resampler import AudioResampler

            layout = frame.layout if apart else "mono"
            self._resampler = AudioResampler(format="flt", layout=layout, rate=SAMPLE_RATE_HZ)
        frame.pts = None  # gaps in the time stamps would make the resampler refuse
        self._take(self._resampler, frame)
        # A few milliseconds do not show whether channels cancel each other.
        if not apart or sum(block.size for block in self._waiting) >= BLOCK_VALUES:
            yield from self._mix()

    def flush(self) -> Iterator[FloatArray]:
        """Give what is left inside; the next frame begins anew."""
        resampler, self._resampler = self._resampler, None
        if resampler is not None:
            self._take(resampler, None)
        yield from self._mix()

    def _take(self, resampler: AudioResampler, frame: AudioFrame | None) -> None:
        for resampled in resampler.resample(frame):
            if resampled is not None:
                # The samples of all channels are interleaved. PyAV must not be asked for an array with a row
                # for each channel: it does not count eight of them right.
                self._waiting.append(resampled.to_ndarray()[0].reshape(-1, resampled.layout.nb_channels))

    def _mix(self) -> Iterator[FloatArray]:
        if self._waiting:
            self._block = np.concatenate(self._waiting)
            self._waiting.clear()
            yield next(self._mixed)

    def _blocks(self) -> Iterator[FloatArray]:
        """Give `mix` its input: each time the block that is due."""
        while True:
            yield self._block


def _likeness(frame: AudioFrame) -> float:
    """Measure how alike two channels are, from -1 to 1; 0 where one of them is silent."""
    values = frame.to_ndarray()
    left, right = (values if frame.format.is_planar else values.reshape(-1, 2).T).astype(np.float32)
    left, right = left - left.mean(), right - right.mean()
    full_scale = 2.0 ** (8 * values.dtype.itemsize - 1) if values.dtype.kind in "iu" else 1.0
    power = float(np.sqrt((left @ left) * (right @ right)))
    return float(left @ right) / power if power > _SILENT * full_scale**2 * len(left) else 0.0
