"""Outlets for texts: a desktop's `Typist`, or standard output."""

from __future__ import annotations

from typing import Protocol

from ..desktop.protocol import Delivery, Target


class Outlet(Protocol):
    """The part of a `Typist` that a dictation needs."""

    def focused(self) -> Target | None:
        """Return what a text would go to now; None where nobody can tell."""

    def prepare(self) -> None:
        """Get ready while there is time, so that a later delivery has less to do."""

    def deliver(self, text: str, target: Target | None = None, *, keep: bool = True) -> Delivery:
        """Write a text, unless `target` is no longer what it would go to; DesktopError where that fails."""

    def is_behind(self, delivery: Delivery) -> bool:
        """Whether the cursor is still behind what a delivery typed; where nobody can tell, it is not."""

    def erase(self, delivery: Delivery) -> str:
        """Delete exactly what a delivery typed; return why not, or nothing."""

    def close(self) -> None:
        """Give everything back."""
