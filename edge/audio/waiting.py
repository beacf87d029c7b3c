"""Reads whole amounts from pipes, waiting for bytes that have not come yet."""

from __future__ import annotations

import select
import time
from typing import BinaryIO

from ..errors import AudioError

_POLL_S = 0.02
_MORE_WITHIN_S = 0.5


class PipeReader:
    """A reader of whole amounts from a pipe that can take back what was read."""

    def __init__(self, pipe: BinaryIO, name: str, *, owned: bool) -> None:
        self._pipe = pipe
        self._name = name
        self._owned = owned
        self._ahead = b""
        self.problem = ""
        """Reason why nothing more can be read; empty at a proper end."""

    def read(self, n_bytes: int, least: int | None = None) -> bytes:
        """Read up to `n_bytes` bytes: those that are there, and as many as it takes to have `least`, or all.

        Fewer come only at the end, or where `problem` gives a reason.
        """
        parts = [self._ahead[:n_bytes]]
        self._ahead = self._ahead[n_bytes:]
        missing = n_bytes - len(parts[0])
        spare = 0 if least is None else n_bytes - least
        while missing > spare and not self.problem:
            try:
                part = self._read(missing) if spare else self._pipe.read(missing)
            except BlockingIOError:
                part = None
            except OSError as error:
                self.problem = f"reading it failed ({error.strerror or error})"
                break
            if part is None:  # nothing is there yet, in a pipe that does not block
                self._wait()
                continue
            if not len(part):
                break
            if not isinstance(part, (bytes, bytearray, memoryview)):
                raise AudioError(f"{self._name} reads as text; expected a file object opened as binary")
            parts.append(bytes(part))
            missing -= len(part)
        return b"".join(parts)

    @property
    def is_left(self) -> bool:
        """Whether the pipe ended because nobody wants more of it, which a pipe that can be left tells."""
        return bool(getattr(self._pipe, "is_left", False))

    def unread(self, data: bytes) -> None:
        """Take back bytes, to be read next."""
        self._ahead = data + self._ahead

    def peek(self, n_bytes: int) -> bytes:
        """Read the next `n_bytes` bytes without taking them."""
        data = self.read(n_bytes)
        self.unread(data)
        return data

    def has_more(self) -> bool:
        """Whether bytes or the end can be read, without waiting long for a sender that keeps the pipe open."""
        number = self._number()
        if self._ahead or number is None:
            return True
        try:
            return bool(select.select([number], [], [], _MORE_WITHIN_S)[0])
        except (OSError, ValueError):  # not on this system, or not with this pipe
            return True

    def close(self) -> None:
        """Close the pipe if it is ours to close."""
        if self._owned:
            self._pipe.close()

    def _read(self, n_bytes: int) -> bytes | None:
        """Read what is there, or wait for the first of it; None where a pipe that does not block has nothing."""
        if not hasattr(self._pipe, "read1"):
            return self._pipe.read(n_bytes)  # a raw pipe knows no other way
        data: bytes = self._pipe.read1(n_bytes)
        return data or self._pipe.read(1)  # nothing may be the end, or nothing yet; this tells

    def _wait(self) -> None:
        """Sleep until something has come."""
        number = self._number()
        try:
            if number is not None:
                select.select([number], [], [])
                return
        except (OSError, ValueError):  # not on this system, or not with this pipe
            pass
        time.sleep(_POLL_S)

    def _number(self) -> int | None:
        try:
            return self._pipe.fileno()
        except (OSError, AttributeError):
            return None
