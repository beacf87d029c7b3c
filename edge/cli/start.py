"""Where the process of the command begins: until its modules are loaded, Ctrl-C ends it at once and quietly."""

from __future__ import annotations

import os
import signal
from types import FrameType

_INTERRUPTED = 130


def main() -> int:
    """Load the command and run it with the process's arguments."""
    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_ours:  # not an exception: a module that is being loaded may make another of it
        signal.signal(signal.SIGINT, _leave)
    from .main import main as run

    if is_ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(_INTERRUPTED)
