"""Mends samples: those that are not numbers become silence, and a scale that is plainly wrong is corrected."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatArray
from ..errors import AudioError
from ..gaps import Gap

_LOG = logging.getLogger("edge.audio")

_LOUDEST_PLAUSIBLE = 16.0
_LARGEST_INTEGER = 2.0**32
_FULL_SCALES = (2.0**15, 2.0**23, 2.0**31)
_IN_BETWEEN, _FEW_IN_BETWEEN = 0.01, 8
_NO_NUMBERS = "samples that are not numbers between -1 and 1"
_SAME_STRETCH_S = 0.05
_SHORTEST_GAP_S = 0.1


@dataclass(slots=True)
class _Stretch:
    """A stretch of frames without a usable sample, apart from a few."""

    first: int
    end: int
    n_samples: int


class Levels:
    """A mender of samples: those that are not numbers become silence, integers are divided by their full scale.

    Samples that are as they should be pass unchanged.
    """

    def __init__(self, rate_hz: int, name: str, gaps: list[Gap], began_s: float = 0) -> None:
        """Begin `began_s` into the recording; long stretches without a usable sample will go to `gaps`."""
        self._rate_hz = rate_hz
        self._name = name
        self._gaps = gaps
        self._began_s = began_s
        self._full_scale = 1.0
        self._n_done = self._n_usable = 0
        self._stretches: list[_Stretch] = []

    def feed(self, block: FloatArray) -> FloatArray:
        """Mend a block (n_frames, n_channels)."""
        loudest = max(float(block.max()), -float(block.min())) if block.size else 0.0
        if not loudest <= 1.0 or self._full_scale > 1:
            before, bad = self._full_scale, _faults(block)
            block = np.where(bad, np.float32(0), block)
            self._full_scale = max(self._full_scale, _full_scale_of(block))
            if self._full_scale != before:
                _LOG.warning(
                    "%s: samples reach %.0f, expected -1 to 1: they are divided by %.0f",
                    *(self._name, np.abs(block).max(), self._full_scale),
                )
            block = block / np.float32(self._full_scale)
            _note(self._stretches, bad, self._n_done, round(_SAME_STRETCH_S * self._rate_hz))
            self._n_usable -= int(bad.sum())
        self._n_done += len(block)
        self._n_usable += block.size
        return block

    def copy(self, gaps: list[Gap]) -> Levels:
        """Return a mender that goes on from here on its own; what it finds will go to `gaps`."""
        twin = copy(self)
        twin._gaps, twin._stretches = gaps, [replace(stretch) for stretch in self._stretches]
        return twin

    def finish(self) -> None:
        """Report what was wrong.

        Raises:
            AudioError: no sample was a number.
        """
        _report(self._stretches, self._rate_hz, self._name, self._gaps, self._began_s)
        if self._n_done and self._n_usable == 0:
            raise AudioError(
                f"{self._name}: expected samples between -1 and 1, found not a single one; check what wrote it"
            )


def set_levels(
    blocks: Iterator[FloatArray], rate_hz: int, name: str, gaps: list[Gap], began_s: float = 0
) -> Iterator[FloatArray]:
    """Pass blocks (n_frames, n_channels) through `Levels`, one after the other."""
    levels = Levels(rate_hz, name, gaps, began_s)
    for block in blocks:
        yield levels.feed(block)
    levels.finish()


def _faults(block: FloatArray) -> NDArray[np.bool_]:
    """Mark the samples that no writer can have meant."""
    magnitude = np.abs(block)
    bad: NDArray[np.bool_] = ~(magnitude <= _LARGEST_INTEGER)  # false for NaN too
    loud = (magnitude > _LOUDEST_PLAUSIBLE) & ~bad
    # Sound at a wrong scale has samples of all sizes; faults are far from the rest.
    n_loud, n_between = np.count_nonzero(loud), np.count_nonzero((magnitude > 1) & (magnitude <= _LOUDEST_PLAUSIBLE))
    few = max(_IN_BETWEEN * n_loud, _FEW_IN_BETWEEN)
    if n_loud and n_between < few and np.median(magnitude[~bad]) < 1:
        bad |= loud
    return bad


def _full_scale_of(block: FloatArray) -> float:
    """Guess the full scale of a block: 1 for floats, 2**15 and so on for integers."""
    magnitude = np.abs(block[block != 0])
    if not magnitude.size or magnitude.max() <= 1:
        return 1.0
    if magnitude.max() <= _LOUDEST_PLAUSIBLE and not np.array_equal(magnitude, np.rint(magnitude)):
        return 1.0
    usual = float(np.quantile(magnitude, 0.999))
    return next((scale for scale in _FULL_SCALES if usual <= scale), _FULL_SCALES[-1])


def _note(stretches: list[_Stretch], bad: NDArray[np.bool_], n_done: int, apart: int) -> None:
    """Note the frames of a block in which no channel has a usable sample."""
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
        "%s: %d samples between %.3f and %.3f s are not numbers between -1 and 1: they are replaced by silence",
        *(name, n_samples, first_s, end_s),
    )
    gaps.extend(
        Gap(began_s + stretch.first / rate_hz, began_s + stretch.end / rate_hz, _NO_NUMBERS, "damage")
        for stretch in stretches
        if stretch.end - stretch.first >= _SHORTEST_GAP_S * rate_hz
    )
