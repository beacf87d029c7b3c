"""How this process gives memory back."""

from __future__ import annotations

import ctypes
import sys

_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h
_LARGE_BYTES = 128 << 10


def give_back_large_blocks() -> None:
    """Have large blocks given back to the system as soon as they are free.

    glibc keeps them once some were freed, so that sessions that come and go would fill the memory with what is free:
    913 MB in place of 185 after 16 sessions of tiny.en, at the same cost in time.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none, and does not keep them
        if mallopt is not None:
            mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
