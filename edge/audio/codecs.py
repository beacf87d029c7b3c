"""Codecs beyond libsndfile (AAC, M4A, WebM, WMA, video files), through PyAV where it is installed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from ..errors import AudioError
from .mono import SAMPLE_RATE_HZ, FloatArray, Opened

if TYPE_CHECKING:
    import av.container

_LOG = logging.getLogger("edge.audio")
_MICROSECONDS = 1_000_000


def open_with_pyav(file: BinaryIO, name: str, reason: str) -> Opened:
    """Open what libsndfile refused for `reason`; without PyAV the error names the extra that brings it."""
    try:
        import av
    except ImportError:
        raise AudioError(
            f"{name} is not audio that can be read here ({reason}): expected WAV, FLAC, OGG, MP3, AIFF or "
            'the like. If it is AAC, M4A, WebM or video: pip install "edgewise[codecs]"'
        ) from None
    try:
        container = av.open(file, mode="r")
    except (av.FFmpegError, OSError) as error:
        raise AudioError(
            f"{name} is not audio that can be read ({reason}; {error.strerror or error}): "
            "expected a complete recording such as WAV, FLAC, OGG, MP3 or M4A"
        ) from error
    if not container.streams.audio:
        container.close()
        raise AudioError(f"{name} has no audio track; expected a recording")

    def close() -> None:
        container.close()
        file.close()

    duration_s = container.duration / _MICROSECONDS if container.duration else None
    return Opened(name, _pyav_blocks(container, name), duration_s, close)


def _pyav_blocks(container: av.container.InputContainer, name: str) -> Iterator[FloatArray]:
    import av

    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
    n_blocks = 0
    try:
        for frame in container.decode(audio=0):
            frame.pts = None  # gaps in the time stamps would make the resampler refuse
            for resampled in resampler.resample(frame):
                n_blocks += 1
                yield np.ascontiguousarray(resampled.to_ndarray()[0], dtype=np.float32)
        for resampled in resampler.resample(None):
            yield np.ascontiguousarray(resampled.to_ndarray()[0], dtype=np.float32)
    except av.FFmpegError as error:
        if not n_blocks:
            raise AudioError(f"{name} cannot be decoded: {error}; get a complete copy of it") from error
        _LOG.warning("%s is damaged or cut short (%s): using what was decoded before that", name, error)
