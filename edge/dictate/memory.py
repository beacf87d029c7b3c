"""Memory that a dictation holds while nobody speaks: what is given back, and a model that leaves when idle."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from ..memory import give_back_holes

Kept = TypeVar("Kept")

_DONTNEED = 4
"""Number of Linux's MADV_DONTNEED."""

_LOOK_S = 0.2


def give_back() -> int:
    """Give back what nobody refers to, what the heap keeps for later, and code; return how many bytes of code.

    Most code is for the start alone, and onnxruntime's is large. What runs again comes from the system's cache of
    files, page by page.
    """
    gc.collect()  # sessions refer to themselves
    give_back_holes()
    if not sys.platform.startswith("linux"):
        return 0
    library = ctypes.CDLL(None)
    library.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    n_bytes = 0
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        place, rights, _, _, _, *name = line.split(maxsplit=5)
        if rights == "r-xp" and name and name[0].startswith("/"):  # nobody writes there: the file has all of it
            start, stop = (int(end, 16) for end in place.split("-"))
            n_bytes += (stop - start) * (library.madvise(start, stop - start, _DONTNEED) == 0)
    return n_bytes


class OnDemand(Generic[Kept]):
    """Something large that is loaded when it is needed, and let go of when it was not needed for a while."""

    def __init__(
        self,
        load: Callable[[], Kept],
        idle_s: Callable[[], float | None],
        is_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """Take how to load it, for how many seconds it stays without need (None: for good), and who works with it."""
        self._load, self._idle_s, self._is_busy = load, idle_s, is_busy
        self._kept: Kept | None = None
        self._timer: threading.Timer | None = None
        self._lock, self._loading = threading.RLock(), threading.Lock()

    @property
    def kept(self) -> Kept | None:
        """Object that is there at the moment; None where it is not loaded."""
        return self._kept

    def get(self) -> Kept:
        """Return it, loaded if it must be; any thread may ask."""
        with self._loading:
            kept = self._kept
            if kept is None:
                kept = self._kept = self._load()
            return kept

    def rest(self, *, is_idle: bool) -> None:
        """Take note that nobody needs it from now on, or that somebody does again."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            idle_s = self._idle_s() if is_idle else None
            if idle_s is not None:
                self._drop_in(idle_s)

    def _drop_in(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._drop)
        self._timer.daemon = True
        self._timer.start()

    def _drop(self) -> None:
        with self._loading, self._lock:
            if self._timer is not threading.current_thread():
                return  # somebody needs it again
            if self._is_busy():
                self._drop_in(_LOOK_S)
                return
            self._kept = self._timer = None
        give_back()
