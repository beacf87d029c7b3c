"""One line on standard error that is overwritten, where a person is watching."""

from __future__ import annotations

import sys


def tell(message: str) -> None:
    """Show what is being measured; an empty message clears the line."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{message}", end="", file=sys.stderr, flush=True)
