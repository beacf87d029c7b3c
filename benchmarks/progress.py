"""One line on standard error that is overwritten, where a person is watching."""

from __future__ import annotations

import sys


def tell(message: str) -> None:
    """Show what is being measured; an empty message clears the line."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{message}", end="", file=sys.stderr, flush=True)


def tell_steps(what: str, done: int, total: int) -> None:
    """Show how much of a piece of work is done; a `Progress`."""
    tell(f"{what}  {100 * done // total} %" if total else what)
