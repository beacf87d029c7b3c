"""A pipe that can be left while it gives nothing."""

from __future__ import annotations

import io
import os
import select
import sys
from typing import Any

from ..stops import Stop

if sys.platform == "linux":
    import fcntl

_PIPE_BYTES = 1 << 16
"""Bytes that a pipe holds, where nothing else is known."""
_WIDE_BYTES = 1 << 20
"""Bytes that a pipe should hold: half a minute of speech, in which whoever sends it need not wait for its words."""


class StoppablePipe(io.RawIOBase):
    """A reader of a descriptor that ends when the pipe ends, or after what is in it when the end is asked for."""

    def __init__(self, descriptor: int, name: str, stop: Stop) -> None:
        """Begin; the descriptor stays its owner's, and the pipe is made to hold more."""
        self.name = name
        self._descriptor = descriptor
        self._stop = stop
        self._n_left = _widened(descriptor)
        """Bytes to read once the end is asked for: what may be in the pipe by then."""

    def readinto(self, buffer: Any) -> int:
        """Read what is there, or wait for the first of it."""
        while True:
            if self._stop.is_asked:
                if self._n_left <= 0 or not self._ready(within_s=0):
                    return 0
            elif self._descriptor not in self._ready(within_s=None):
                continue
            try:
                data = os.read(self._descriptor, len(buffer))
            except BlockingIOError:  # somebody else took it
                continue
            if self._stop.is_asked:
                self._n_left -= len(data)
            buffer[: len(data)] = data
            return len(data)

    @property
    def is_left(self) -> bool:
        """Whether the end was asked for."""
        return self._stop.is_asked

    def readable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def _ready(self, *, within_s: float | None) -> list[int]:
        """Wait until there is something, or the end is asked for; give the descriptors of what there is."""
        wake = [] if self._stop.is_asked else [self._stop.fileno()]
        return select.select([self._descriptor, *wake], [], [], within_s)[0]


def _widened(descriptor: int) -> int:
    """Let a pipe hold more, where the system can do that; return how much it holds."""
    if sys.platform == "linux":
        for size in (_WIDE_BYTES, 0):
            try:
                return fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ if size else fcntl.F_GETPIPE_SZ, size)
            except OSError:  # not a pipe, or the system has no more for us
                continue
    return _PIPE_BYTES
