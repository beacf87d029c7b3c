"""Failures as the command tells them: one line that says what to do."""

from __future__ import annotations

import os

from ..errors import EdgeError


def explain(error: Exception) -> str:
    """One line about a failure: what went wrong and what to do."""
    if isinstance(error, EdgeError):
        return str(error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    if isinstance(error, MemoryError):
        return "not enough memory: close other programs, or choose a smaller model or a lower precision"
    kind = type(error).__name__
    return f"unexpected {kind}: {error} (a bug; EDGEWISE_DEBUG=1 shows where, please report it)"


def is_debugging() -> bool:
    """Whether EDGEWISE_DEBUG asks for tracebacks and details."""
    return os.environ.get("EDGEWISE_DEBUG", "") not in ("", "0")
