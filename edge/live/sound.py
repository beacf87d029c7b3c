"""Keeps the last part of a stream of samples."""

from __future__ import annotations

from collections import deque

import numpy as np

from ..arrays import FloatArray


class HeldSound:
    """A stretch of a stream, from the first sample that may still be asked for to the last that came."""

    def __init__(self, first: int = 0) -> None:
        """Begin with no samples; `first` is the number of the first one to come."""
        self._parts: deque[tuple[int, FloatArray]] = deque()  # number of the first sample of each part
        self.stop = first
        """Number of samples that came so far."""

    def append(self, samples: FloatArray) -> None:
        """Take the next samples (n_samples,)."""
        self._parts.append((self.stop, samples))
        self.stop += len(samples)

    def between(self, first: int, stop: int) -> FloatArray:
        """Give the samples from `first` to before `stop`, all of which must still be there."""
        found = []
        for begin, part in reversed(self._parts):
            if begin < stop:
                found.append(part[max(0, first - begin) : stop - begin])
            if begin <= first:
                break
        return found[0] if len(found) == 1 else np.concatenate([np.zeros(0, np.float32), *reversed(found)])

    def forget(self, before: int) -> None:
        """Forget the samples before number `before`, as far as whole parts are no longer needed."""
        while self._parts and self._parts[0][0] + len(self._parts[0][1]) <= before:
            self._parts.popleft()
