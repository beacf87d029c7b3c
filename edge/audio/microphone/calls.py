"""Calls into PortAudio, which may never return."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Generic, TypeVar

_T = TypeVar("_T")

_HUNG = threading.Event()


@dataclass(slots=True)
class Attempt(Generic[_T]):
    """What became of a call."""

    is_done: bool = False
    """Whether it returned or failed in time."""
    result: _T | None = None
    error: Exception | None = None


def within(
    seconds: float, module: ModuleType, call: Callable[[], _T], give_up: Callable[[_T], object] | None = None
) -> Attempt[_T]:
    """Run a call into PortAudio in a thread of its own, and wait for it no longer than `seconds`.

    One that returns later than that has its result passed to `give_up`.
    """
    attempt: Attempt[_T] = Attempt()
    is_late, lock, is_done = False, threading.Lock(), threading.Event()

    def run() -> None:
        result, failure = None, None
        try:
            result = call()
        except Exception as error:  # passed on to who waits
            failure = error
        with lock:
            if not is_late:
                attempt.result, attempt.error, attempt.is_done = result, failure, True
                is_done.set()
                return
        if result is not None and give_up is not None:
            give_up(result)

    threading.Thread(target=run, name="edgewise-portaudio", daemon=True).start()
    is_done.wait(seconds)
    with lock:
        is_late = not attempt.is_done
    if is_late and not _HUNG.is_set():
        _HUNG.set()
        # The process must be able to end all the same: PortAudio's own way of ending would wait for that call.
        atexit.unregister(module._exit_handler)
    return attempt


def has_hung() -> bool:
    """Whether a call did not return in time; it may be inside PortAudio still, which must not go away under it."""
    return _HUNG.is_set()
