"""Puts blocks of any rate and gaps onto one line of samples: mono at 16 kHz."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from ...arrays import FloatArray
from ...gaps import Gap
from ..channels import signs_of
from ..levels import Levels
from ..mono import SAMPLE_RATE_HZ
from .clock import Block, Heard, Lost
from .pieces import Captured

_LOG = logging.getLogger("edge.audio")

_NAME = "the microphone"

NO_NUMBERS = "the microphone gave samples that are no numbers"


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
        if isinstance(heard, Block) and not np.isfinite(heard.samples).any():
            heard = Lost(heard.seconds, NO_NUMBERS)
        if isinstance(heard, Lost):
            yield from self.cut()
            start, self.end = self.end, self.end + round(heard.seconds * SAMPLE_RATE_HZ)
            yield Gap(start / SAMPLE_RATE_HZ, self.end / SAMPLE_RATE_HZ, heard.reason, "lost")
            return
        if self._run is None:
            self._run = _Run(heard)
        yield from self._captured(self._run.feed(heard))

    def cut(self) -> Iterator[Captured]:
        """End what follows without a break, and give the samples that were on their way."""
        run, self._run = self._run, None
        if run is not None:
            yield from self._captured(run.finish())

    def _captured(self, samples: FloatArray) -> Iterator[Captured]:
        if len(samples):
            start, self.end = self.end, self.end + len(samples)
            yield Captured(samples, start)


class _Run:
    """Sound without a break, on its way from the device's form to ours."""

    def __init__(self, first: Block) -> None:
        self._levels = Levels(first.rate_hz, _NAME, [])
        self._mixer = _Mixer(first.rate_hz, first.samples.shape[1])
        self._resampler: _Resampler | None = None
        if first.rate_hz != SAMPLE_RATE_HZ:
            import soxr

            self._resampler = soxr.ResampleStream(first.rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality="HQ")

    def feed(self, block: Block) -> FloatArray:
        """Convert a block to samples (n_samples,), which may lag behind."""
        mono = self._mixer.feed(self._levels.feed(block.samples))
        return mono if self._resampler is None else self._resampler.resample_chunk(mono)

    def finish(self) -> FloatArray:
        """Give what is on its way."""
        rest = np.zeros(0, np.float32)
        return rest if self._resampler is None else self._resampler.resample_chunk(rest, last=True)


class _Mixer:
    """A mixer of the channels to one, which listens for a second at a time whether they cancel each other."""

    def __init__(self, rate_hz: int, n_channels: int) -> None:
        self._rate_hz = rate_hz
        self._signs: FloatArray = np.ones(n_channels, np.float32)
        self._recent: list[FloatArray] = []
        self._n_recent = 0

    def feed(self, block: FloatArray) -> FloatArray:
        """Mix a block (n_frames, n_channels) to (n_frames,)."""
        if block.shape[1] == 1:
            return block[:, 0].copy()
        self._recent.append(block)
        self._n_recent += len(block)
        if self._n_recent >= self._rate_hz:
            before, self._signs = self._signs, signs_of(np.concatenate(self._recent), self._signs)
            self._recent, self._n_recent = [], 0
            if (before > 0).all() and (self._signs < 0).any():
                _LOG.warning("%s: its channels are out of phase; the sign of one is reversed from now on", _NAME)
        if (self._signs > 0).all():
            mono: FloatArray = block.mean(axis=1, dtype=np.float32)
            return mono
        return block @ (self._signs / np.float32(len(self._signs)))
