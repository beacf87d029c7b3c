"""Parts that a damaged or joined recording falls into, each of which can be decoded by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from .view import View

BELIEVABLE_S = 48 * 3600.0
"""Seconds of the longest stretch that may plausibly be missing."""


class Stream(Protocol):
    """Structure of a recording, as far as it is known; its clock is in seconds from its first sample."""

    def before(self) -> str:
        """Tell what is wrong in front of the first sample; "" where nothing is."""

    def reach_s(self, wanted_s: float) -> float:
        """Find up to where, at most `wanted_s`, nothing is missing."""

    def go_on(self, done_s: float, near: int) -> Iterator[Part]:
        """Find places to go on from when reading stopped at `done_s` with the decoder at byte `near`."""

    def ending(self, done_s: float, error: str) -> tuple[str, float]:
        """Tell why a stream that stopped at `done_s` is incomplete, and where it should end.

        The reason is "" where it is complete.

        `error` is the decoder's message, if it had one.
        """


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file that can be decoded by itself."""

    view: View
    stream: Stream
    """Stream that the part belongs to, which knows what comes after it."""
    starts_s: float | None
    """Time of the first sample by the clock of the stream; None where `ends_s` is known instead."""
    reason: str = ""
    """Description of what is wrong in front of the part; empty where nothing is."""
    ends_s: float | None = None
    """Time of the end by the clock of the stream."""
    joined: bool = False
    """Whether the part begins another recording, with a clock of its own."""
