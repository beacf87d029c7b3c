"""How long work tells of itself: one function type that every slow operation takes."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Function of `(what, done, total)`, called now and then; `total` is 0 where it is unknown."""


def silent(what: str, done: int, total: int) -> None:
    """Take the progress of work whose caller gave no function."""
