"""Ctrl-C and SIGTERM: the command ends in order, once it has said what became of its work; a second one ends it."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_PYTHONS_OWN = signal.default_int_handler
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
    if signal.getsignal(signal.SIGINT) is _PYTHONS_OWN:
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


class Stop:
    """A wish to end, which is asked for: `is_asked` says so, and with it something can be read from `fileno`."""

    def __init__(self) -> None:
        self.is_asked = False
        self.at_once: Callable[[], None] = lambda: None
        """Function that leaves things in order where the process is ended at once."""
        self._reading, self._writing = os.pipe()

    def ask(self) -> None:
        """Ask for the end."""
        self.is_asked = True
        os.write(self._writing, b"\0")

    def fileno(self) -> int:
        """Return the descriptor, for `select`."""
        return self._reading

    def close(self) -> None:
        """Close the descriptors."""
        os.close(self._reading)
        os.close(self._writing)


@contextmanager
def held() -> Iterator[Stop]:
    """Let the first Ctrl-C or SIGTERM ask for the end, and raise nothing, until the block ends; a second one ends it.

    A signal that somebody ignores or handles already stays as it is.
    """
    stop = Stop()
    signals_before = itertools.count()  # in one step, as a second signal may come within the first one's handler

    def handle(number: int, frame: FrameType | None) -> None:
        if next(signals_before) == 0:
            stop.ask()
            return
        signal.signal(number, signal.SIG_DFL)
        stop.at_once()
        os.kill(os.getpid(), number)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    ours = [number for number, handler in before.items() if handler in (_stop, signal.SIG_DFL, _PYTHONS_OWN)]
    for number in ours:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number in ours:
            signal.signal(number, before[number])
        stop.close()
