"""Converts any rate, scale and channel count to 16 kHz mono, block by block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..arrays import FloatArray
from ..gaps import Gap
from .channels import mix
from .levels import set_levels
from .mono import SAMPLE_RATE_HZ


def to_mono_16k(
    blocks: Iterator[FloatArray], rate_hz: int, name: str, gaps: list[Gap], began_s: float = 0
) -> Iterator[FloatArray]:
    """Mix blocks (n_frames, n_channels) at `rate_hz` down to one channel and resample them: (n_samples,).

    The blocks begin `began_s` into the recording; stretches without usable samples are added to `gaps`.
    """
    mono = mix(set_levels(blocks, rate_hz, name, gaps, began_s), name)
    if rate_hz == SAMPLE_RATE_HZ:
        yield from mono
        return
    import soxr  # most recordings of speech need no resampling, and every process pays for an import

    resampler = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality="HQ")
    for block in mono:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)
