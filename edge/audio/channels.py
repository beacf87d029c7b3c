"""Mixes several channels to one without letting them cancel each other."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import numpy as np

from ..arrays import FloatArray
from .mono import BLOCK_VALUES

_LOG = logging.getLogger("edge.audio")

_OPPOSED = -0.5
_AGREED = 0.2
_AUDIBLE = 0.05
_SILENT_POWER = 1e-12
_STRIDE = 4
_EVIDENCE_VALUES = BLOCK_VALUES // 4
"""Samples, over all channels, from which it is judged whether channels cancel, as far as so many have come."""


def mix(blocks: Iterator[FloatArray], name: str) -> Iterator[FloatArray]:
    """Average the channels of blocks (n_frames, n_channels) into blocks (n_frames,).

    A channel that is the loudest one with its sign reversed would cancel it; its sign is turned first.
    """
    signs: FloatArray | None = None
    recent: FloatArray | None = None
    for block in blocks:
        n_channels = block.shape[1]
        if n_channels == 1:
            yield np.ascontiguousarray(block[:, 0])
            continue
        told = signs is not None and bool((signs < 0).any())
        recent = _latest(recent, block, max(1, _EVIDENCE_VALUES // n_channels))
        signs = signs_of(recent, np.ones(n_channels, np.float32) if signs is None else signs)
        if not (signs < 0).any():
            mixed: FloatArray = block.mean(axis=1, dtype=np.float32)
            yield mixed
            continue
        if not told:
            _LOG.warning("%s: its channels are out of phase: the sign of one is reversed, or they would cancel", name)
        yield block @ (signs / np.float32(n_channels))


def _latest(before: FloatArray | None, block: FloatArray, n_frames: int) -> FloatArray:
    """Give the block, behind as much of what came before as makes `n_frames`: a short one alone proves little."""
    if before is None or len(block) >= n_frames:
        return block
    return np.concatenate([before[-(n_frames - len(block)) :], block])


def signs_of(block: FloatArray, before: FloatArray) -> FloatArray:
    """Give the sign (n_channels,) with which each channel joins the loudest one; as `before` where that is open."""
    # Differences between samples hide constant offsets and hum; every fourth one is enough.
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
    # Reversing every channel changes nothing; then take the plain mean.
    return np.abs(signs) if (signs < 0).all() else signs
