"""What the allocator holds for later use, given back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back_holes() -> None:
    """Give back memory that is free between blocks in use, as many small ones leave it.

    glibc's heap alone keeps such holes; large blocks that come later do not fit in.
    """
    if sys.platform.startswith("linux"):
        library = ctypes.CDLL(None)
        if hasattr(library, "malloc_trim"):
            library.malloc_trim(0)
