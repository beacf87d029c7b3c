"""What a damaged or joined recording falls into: parts that a decoder can read, each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from .view import View

BELIEVABLE_S = 48 * 3600.0
"""The longest stretch that is believed to be missing."""


class Stream(Protocol):
    """What is known of the structure of a recording; its clock is in seconds from its first sample."""

    def before(self) -> str:
        """What is wrong in front of it, if something is."""

    def reach_s(self, wanted_s: float) -> float:
        """Up to where, at most `wanted_s`, nothing is missing."""

    def go_on(self, done_s: float, near: int) -> Iterator[Part]:
        """Where reading can go on when it stopped at `done_s` and the decoder was at byte `near`: places to try."""

    def ending(self, done_s: float, error: str) -> tuple[str, float]:
        """Why a stream that stopped at `done_s` is not complete, and where it should end; no reason where it is.

        `error` is the decoder's, if it had one.
        """


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file that can be decoded by itself."""

    view: View
    stream: Stream
    """What it belongs to, and what to ask when it ends."""
    starts_s: float | None
    """Its first sample by the clock of the stream; None where `ends_s` is known instead."""
    reason: str = ""
    """What is wrong in front of it."""
    ends_s: float | None = None
    """Its end by the clock of the stream."""
    joined: bool = False
    """Whether another recording begins with it, with a clock of its own."""
