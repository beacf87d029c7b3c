"""Samples as they should be: what is no number becomes silence, and a scale that is plainly wrong is set right."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatArray
from ..errors import AudioError
from ..gaps import Gap

_LOG = logging.getLogger("edge.audio")

_LOUDEST_PLAUSIBLE = 16.0
_LARGEST_INTEGER = 2.0**32
_FULL_SCALES = (2.0**15, 2.0**23, 2.0**31)
_IN_BETWEEN = 0.01
_NO_NUMBERS = "samples that are no numbers between -1 and 1"
_SAME_STRETCH_S = 0.05
_SHORTEST_GAP_S = 0.1


@dataclass(slots=True)
class _Stretch:
    """Frames without a usable sample, with at most a few usable ones among them."""

    first: int
    end: int
    n_samples: int


def set_levels(
    blocks: Iterator[FloatArray], rate_hz: int, name: str, gaps: list[Gap], began_s: float = 0
) -> Iterator[FloatArray]:
    """Blocks (n_frames, n_channels) with silence for what is no number, divided by full scale where they are integers.

    Samples that are as they should be pass unchanged. The blocks begin `began_s` into the recording; long stretches
    without a usable sample are added to `gaps`.
    """
    full_scale, n_done, n_usable = 1.0, 0, 0
    stretches: list[_Stretch] = []
    for block in blocks:
        loudest = max(float(block.max()), -float(block.min())) if block.size else 0.0
        if not loudest <= 1.0 or full_scale > 1:
            before, bad = full_scale, _faults(block)
            block = np.where(bad, np.float32(0), block)
            full_scale = max(full_scale, _full_scale_of(block))
            if full_scale != before:
                _LOG.warning(
                    "%s: samples up to %.0f, expected -1 to 1: they are divided by %.0f",
                    *(name, np.abs(block).max(), full_scale),
                )
            block = block / np.float32(full_scale)
            _note(stretches, bad, n_done, round(_SAME_STRETCH_S * rate_hz))
            n_usable -= int(bad.sum())
        n_done += len(block)
        n_usable += block.size
        yield block
    _report(stretches, rate_hz, name, gaps, began_s)
    if n_done and n_usable == 0:
        raise AudioError(f"{name}: none of its samples is a number between -1 and 1; check what wrote it")


def _faults(block: FloatArray) -> NDArray[np.bool_]:
    """Which samples no writer can have meant."""
    magnitude = np.abs(block)
    bad: NDArray[np.bool_] = ~(magnitude <= _LARGEST_INTEGER)  # false for NaN too
    loud = (magnitude > _LOUDEST_PLAUSIBLE) & ~bad
    # Sound at a wrong scale has samples of all sizes; faults stand out.
    n_between = np.count_nonzero((magnitude > 1) & (magnitude <= _LOUDEST_PLAUSIBLE))
    if n_between < _IN_BETWEEN * np.count_nonzero(loud) and np.median(magnitude[~bad]) < 1:
        bad |= loud
    return bad


def _full_scale_of(block: FloatArray) -> float:
    """What the samples of a block are multiples of full scale by: 1 for floats, 2**15 and so on for integers."""
    magnitude = np.abs(block[block != 0])
    if not magnitude.size or magnitude.max() <= 1:
        return 1.0
    if magnitude.max() <= _LOUDEST_PLAUSIBLE and not np.array_equal(magnitude, np.rint(magnitude)):
        return 1.0
    usual = float(np.quantile(magnitude, 0.999))
    return next((scale for scale in _FULL_SCALES if usual <= scale), _FULL_SCALES[-1])


def _note(stretches: list[_Stretch], bad: NDArray[np.bool_], n_done: int, apart: int) -> None:
    """Add the frames of a block in which no channel has a usable sample."""
    frames = np.flatnonzero(bad.all(axis=1))
    if not len(frames):
        return
    for run in np.split(frames, np.flatnonzero(np.diff(frames) > apart) + 1):
        first, end = n_done + int(run[0]), n_done + int(run[-1]) + 1
        if stretches and first - stretches[-1].end <= apart:
            stretches[-1].end = end
            stretches[-1].n_samples += len(run)
        else:
            stretches.append(_Stretch(first, end, len(run)))


def _report(stretches: list[_Stretch], rate_hz: int, name: str, gaps: list[Gap], began_s: float) -> None:
    if not stretches:
        return
    n_samples = sum(stretch.n_samples for stretch in stretches)
    first_s, end_s = began_s + stretches[0].first / rate_hz, began_s + stretches[-1].end / rate_hz
    _LOG.warning(
        "%s: %d samples between %.3f and %.3f s are no numbers between -1 and 1: silence in their place",
        *(name, n_samples, first_s, end_s),
    )
    gaps.extend(
        Gap(began_s + stretch.first / rate_hz, began_s + stretch.end / rate_hz, _NO_NUMBERS, "damage")
        for stretch in stretches
        if stretch.end - stretch.first >= _SHORTEST_GAP_S * rate_hz
    )
