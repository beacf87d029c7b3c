"""Texts on standard output, for scripts."""

from __future__ import annotations

from collections.abc import Callable

from ..desktop.protocol import Delivery, Target, Way


class Printer:
    """Prints each text as a line, in place of typing it (an `Outlet`)."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def focused(self) -> Target | None:
        """Return None: a line goes where all lines go."""
        return None

    def prepare(self) -> None:
        """Do nothing: a line needs no preparation."""

    def deliver(self, text: str, target: Target | None = None, *, keep: bool = True) -> Delivery:
        """Print the text and the end of its line."""
        self._write(f"{text}\n")
        return Delivery(Way.NONE, len(text), None)

    def is_behind(self, delivery: Delivery) -> bool:
        """Whether the cursor is behind a text: never, for each has a line of its own."""
        return False

    def erase(self, delivery: Delivery) -> str:
        """Say that what is printed stays."""
        return "what is printed cannot be taken back"

    def close(self) -> None:
        """Do nothing: standard output stays open."""
