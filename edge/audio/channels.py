"""Several channels to one, without their cancelling each other."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import numpy as np

from ..arrays import FloatArray

_LOG = logging.getLogger("edge.audio")

_OPPOSED = -0.5
_AGREED = 0.2
_AUDIBLE = 0.05
_SILENT_POWER = 1e-12
_STRIDE = 4


def mix(blocks: Iterator[FloatArray], name: str) -> Iterator[FloatArray]:
    """The mean over the channels of blocks (n_frames, n_channels): (n_frames,) each.

    A channel that is the loudest one upside down would cancel it, and is turned over first.
    """
    signs: FloatArray | None = None
    for block in blocks:
        n_channels = block.shape[1]
        if n_channels == 1:
            yield np.ascontiguousarray(block[:, 0])
            continue
        told = signs is not None and bool((signs < 0).any())
        signs = _signs(block, np.ones(n_channels, np.float32) if signs is None else signs)
        if not (signs < 0).any():
            mixed: FloatArray = block.mean(axis=1, dtype=np.float32)
            yield mixed
            continue
        if not told:
            _LOG.warning("%s: its channels are out of phase and would cancel: one side is turned over", name)
        yield block @ (signs / np.float32(n_channels))


def _signs(block: FloatArray, before: FloatArray) -> FloatArray:
    """The sign (n_channels,) with which each channel joins the loudest one; as before where that is open."""
    # Differences leave constant offsets and hum out of it; a part of them is enough.
    steps = np.diff(block[::_STRIDE], axis=0)
    power = np.einsum("ij,ij->j", steps, steps)
    loudest = int(np.argmax(power))
    if not power[loudest] > _SILENT_POWER * len(steps):
        return before
    likeness = (steps[:, loudest] @ steps) / np.sqrt(np.maximum(power, _SILENT_POWER) * power[loudest])
    audible = power > _AUDIBLE * power[loudest]
    relative = before * before[loudest]
    relative = np.where(audible & (likeness < _OPPOSED), np.float32(-1), relative)
    relative = np.where(likeness > _AGREED, np.float32(1), relative)
    signs: FloatArray = relative * before[loudest]
    # All upside down is as good as none, and the mean as it always was.
    return np.abs(signs) if (signs < 0).all() else signs
