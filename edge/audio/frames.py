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
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            yield from self.flush()
        if self._resampler is None:
            from av.audio.resampler import AudioResampler

            # FFmpeg does not know how to mix channels of which there is only a number.
            layout = frame.layout if frame.layout.name.endswith(" channels") else "mono"
            self._resampler = AudioResampler(format="flt", layout=layout, rate=SAMPLE_RATE_HZ)
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
            # The samples of all channels stand one behind the other. PyAV must not be asked for an array with a row
            # for each channel: it does not count eight of them right.
            values = resampled.to_ndarray()[0].reshape(-1, resampled.layout.nb_channels)
            yield np.ascontiguousarray(values.mean(axis=1, dtype=np.float32))
