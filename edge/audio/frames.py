"""Frames of any format, rate and channels, as PyAV decodes them, to 16 kHz mono."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from .mono import SAMPLE_RATE_HZ, FloatArray

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler


class ToMono:
    """Mixes and resamples frame by frame; a frame may differ from the one before it."""

    def __init__(self) -> None:
        self._resampler: AudioResampler | None = None
        self._kind: tuple[str, str, int] | None = None

    def feed(self, frame: AudioFrame) -> Iterator[FloatArray]:
        """What comes out when a frame goes in; some of it later."""
        if frame.layout.name.endswith(" channels"):  # a number alone, which no mixer knows how to mix
            frame = _mixed(frame)
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            yield from self.flush()
        if self._resampler is None:
            from av.audio.resampler import AudioResampler

            self._resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
            self._kind = kind
        frame.pts = None  # gaps in the time stamps would make the resampler refuse
        yield from _resampled(self._resampler, frame)

    def flush(self) -> Iterator[FloatArray]:
        """What is still inside; the next frame begins anew."""
        resampler, self._resampler = self._resampler, None
        if resampler is not None:
            yield from _resampled(resampler, None)


def _resampled(resampler: AudioResampler, frame: AudioFrame | None) -> Iterator[FloatArray]:
    for resampled in resampler.resample(frame):
        if resampled is not None:
            yield np.ascontiguousarray(resampled.to_ndarray()[0], dtype=np.float32)


def _mixed(frame: AudioFrame) -> AudioFrame:
    """The mean over the channels, at the same rate."""
    from av.audio.frame import AudioFrame

    values = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, frame.layout.nb_channels).T
    middle, full_scale = 0, 1
    if values.dtype.kind in "iu":
        full_scale = 1 << (8 * values.dtype.itemsize - 1)
        middle = full_scale if values.dtype.kind == "u" else 0
    mono = (values.mean(axis=0, dtype=np.float64) - middle) / full_scale
    mixed = AudioFrame.from_ndarray(mono.astype(np.float32)[None], format="flt", layout="mono")
    mixed.sample_rate = frame.sample_rate
    return mixed
