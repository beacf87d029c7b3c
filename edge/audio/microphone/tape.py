"""Puts blocks of any rate and gaps onto one line of samples: mono at 16 kHz."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

import numpy as np

from ...arrays import FloatArray
from ...errors import AudioError
from ...gaps import Gap
from ..levels import Levels
from ..mono import SAMPLE_RATE_HZ
from .clock import Heard, Lost
from .pieces import Captured
from .ring import Block

_NAME = "the microphone"


class _Resampler(Protocol):
    """A resampler that takes sound piece by piece."""

    def resample_chunk(self, x: FloatArray, last: bool = False) -> FloatArray: ...


class Tape:
    """A line of samples, whose index is the only clock of what was said."""

    def __init__(self) -> None:
        self.end = 0
        """Index of the sample that comes next."""
        self._run: _Run | None = None

    def feed(self, heard: Heard) -> Iterator[Captured | Gap]:
        """Take what was heard or lost, and give it in its place."""
        if isinstance(heard, Lost):
            yield from self.cut()
            start, self.end = self.end, self.end + round(heard.seconds * SAMPLE_RATE_HZ)
            yield Gap(start / SAMPLE_RATE_HZ, self.end / SAMPLE_RATE_HZ, heard.reason, "lost")
            return
        if self._run is None:
            self._run = _Run(heard, self.end)
        yield from self._captured(self._run.feed(heard))

    def cut(self) -> Iterator[Captured | Gap]:
        """End what follows without a break: give the samples that were on their way, and what was no sound in it."""
        run, self._run = self._run, None
        if run is not None:
            yield from self._captured(run.finish())
            yield from run.gaps

    def _captured(self, samples: FloatArray) -> Iterator[Captured]:
        if len(samples):
            start, self.end = self.end, self.end + len(samples)
            yield Captured(samples, start)


class _Run:
    """Sound without a break, on its way from the device's form to ours."""

    def __init__(self, first: Block, start: int) -> None:
        self.gaps: list[Gap] = []
        """Stretches without a sample that is a number; complete at the end."""
        self._levels = Levels(first.rate_hz, _NAME, self.gaps, start / SAMPLE_RATE_HZ)
        self._resampler: _Resampler | None = None
        if first.rate_hz != SAMPLE_RATE_HZ:
            import soxr

            self._resampler = soxr.ResampleStream(first.rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality="HQ")

    def feed(self, block: Block) -> FloatArray:
        """Convert a block to samples (n_samples,), which may lag behind."""
        mended = self._levels.feed(block.samples)
        mono: FloatArray = mended[:, 0] if mended.shape[1] == 1 else mended.mean(axis=1, dtype=np.float32)
        return mono.copy() if self._resampler is None else self._resampler.resample_chunk(mono)

    def finish(self) -> FloatArray:
        """Give what is on its way."""
        with suppress(AudioError):  # not one sample is a number, which the gaps say already
            self._levels.finish()
        rest = np.zeros(0, np.float32)
        return rest if self._resampler is None else self._resampler.resample_chunk(rest, last=True)
