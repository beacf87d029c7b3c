"""A ring through which sound passes from PortAudio's thread to ours, with no lock and no new memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray

RING_S = 30.0
"""Seconds of sound that a ring holds. What comes while it is full is lost, and counted."""

_BLOCKS_PER_S = 400


@dataclass(frozen=True, slots=True)
class Block:
    """Frames of one call of PortAudio, in the device's own rate and channels."""

    samples: FloatArray
    """Samples (n_frames, n_channels)."""
    rate_hz: int
    time_s: float
    """Clock when they came."""
    overflowed: bool = False
    """Whether the sound system says that some before these are lost, of which it has no number."""
    n_dropped: int = 0
    """Frames just before these that found the ring full."""

    @property
    def seconds(self) -> float:
        """Length of the sound in seconds."""
        return len(self.samples) / self.rate_hz


class Ring:
    """A ring with one writer and one reader, which may be two threads."""

    def __init__(self, rate_hz: int, n_channels: int, seconds: float = RING_S) -> None:
        self._rate_hz = rate_hz
        self._sound = np.empty((max(1, round(rate_hz * seconds)), n_channels), np.float32)
        n_blocks = max(2, round(_BLOCKS_PER_S * seconds))
        self._sizes = np.empty(n_blocks, np.int64)
        self._times = np.empty(n_blocks, np.float64)
        self._overflowed = np.empty(n_blocks, np.bool_)
        self._dropped = np.empty(n_blocks, np.int64)
        # Counts since the beginning, each written by one side only, and by the writer last: what it covers is there.
        self._n_frames_in = self._n_frames_out = 0
        self._n_blocks_in = self._n_blocks_out = 0
        self._n_dropped = 0

    def write(self, samples: FloatArray, time_s: float, *, overflowed: bool) -> None:
        """Put frames (n_frames, n_channels) in, or count them where there is no room."""
        n, size = len(samples), len(self._sound)
        at = self._n_blocks_in % len(self._sizes)
        room = size - (self._n_frames_in - self._n_frames_out)
        if n > room or self._n_blocks_in - self._n_blocks_out == len(self._sizes):
            self._n_dropped += n
            return
        start = self._n_frames_in % size
        n_first = min(n, size - start)
        self._sound[start : start + n_first] = samples[:n_first]
        self._sound[: n - n_first] = samples[n_first:]
        self._sizes[at], self._times[at], self._overflowed[at] = n, time_s, overflowed
        self._dropped[at], self._n_dropped = self._n_dropped, 0
        self._n_frames_in += n
        self._n_blocks_in += 1

    def read(self) -> list[Block]:
        """Take what is in the ring, block by block."""
        blocks = []
        for number in range(self._n_blocks_out, self._n_blocks_in):
            at = number % len(self._sizes)
            n, size = int(self._sizes[at]), len(self._sound)
            start = self._n_frames_out % size
            samples = np.concatenate([self._sound[start : start + n], self._sound[: max(0, start + n - size)]])
            told = (float(self._times[at]), bool(self._overflowed[at]), int(self._dropped[at]))
            blocks.append(Block(samples, self._rate_hz, *told))
            self._n_frames_out += n
            self._n_blocks_out = number + 1
        return blocks
