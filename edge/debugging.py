"""What EDGEWISE_DEBUG asks for: tracebacks, and words in the log."""

from __future__ import annotations

import os


def is_debugging() -> bool:
    """Whether EDGEWISE_DEBUG asks for tracebacks and details."""
    return os.environ.get("EDGEWISE_DEBUG", "") not in ("", "0")


def private(text: str) -> str:
    """Return words that were said for a log record: themselves only where EDGEWISE_DEBUG asks for them."""
    return repr(text) if is_debugging() else f"a text of {len(text)} characters"
