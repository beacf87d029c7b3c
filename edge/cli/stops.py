"""Ctrl-C and SIGTERM: the command ends in order, once it has said what became of its work; a second one ends it."""

from __future__ import annotations

import signal
from types import FrameType

_stopped_by = 0


class Stopped(KeyboardInterrupt):
    """The command was asked to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        """Number of the signal that asked."""

    @property
    def status(self) -> int:
        """Exit status that a shell reports of a program that this signal ended."""
        return 128 + self.number


def listen() -> None:
    """Raise `Stopped` in the main thread at the first Ctrl-C or SIGTERM, and leave the second to the system.

    A signal that somebody ignores or handles already stays as it is: what a shell starts in the background ignores
    Ctrl-C.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _stop)


def check() -> None:
    """Raise `Stopped` again, where somebody who caught it may have made another exception of it."""
    if _stopped_by:
        raise Stopped(_stopped_by)


def _stop(number: int, frame: FrameType | None) -> None:
    global _stopped_by
    _stopped_by = number
    for each in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(each) is _stop:
            signal.signal(each, signal.SIG_DFL)
    raise Stopped(number)
