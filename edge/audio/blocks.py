"""Cuts sound that comes in pieces of any size into blocks of one size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..arrays import FloatArray


class Blocks:
    """A collector of samples, which gives a block when it is full."""

    def __init__(self, n_samples: int) -> None:
        """Begin an empty block; `n_samples` is the length of every block but the last."""
        self._n_samples = n_samples
        self._block = np.empty(n_samples, np.float32)
        self._n_filled = 0

    def feed(self, samples: FloatArray) -> Iterator[FloatArray]:
        """Take samples (n,) and give the blocks (n_samples,) that are now full."""
        taken = 0
        while taken < len(samples):
            n = min(len(samples) - taken, self._n_samples - self._n_filled)
            self._block[self._n_filled : self._n_filled + n] = samples[taken : taken + n]
            taken += n
            self._n_filled += n
            if self._n_filled == self._n_samples:
                full, self._block, self._n_filled = self._block, np.empty(self._n_samples, np.float32), 0
                yield full

    def copy(self) -> Blocks:
        """Return a collector that goes on from here on its own."""
        twin = Blocks(self._n_samples)
        twin._block[: self._n_filled] = self._block[: self._n_filled]
        twin._n_filled = self._n_filled
        return twin

    def finish(self) -> Iterator[FloatArray]:
        """Give the last block (n,), unless nothing is left."""
        if self._n_filled:
            rest, self._n_filled = self._block[: self._n_filled].copy(), 0
            yield rest
