"""Keeps a correction within its time: a step that would end too late, by how long it took before, is not begun."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

_Answer = TypeVar("_Answer")


class Pace:
    """The time for one window after another."""

    def __init__(self, budget_s: float | None, clock: Callable[[], float]) -> None:
        """Allow so many seconds for a window; None sets no limit."""
        self._budget_s = budget_s
        self._clock = clock
        self._deadline_s = 0.0
        self._rates: dict[str, float] = {}
        self.is_late = False
        """Whether a step of this window was left out."""

    def begin(self) -> None:
        """Begin with a window."""
        self.is_late = False
        self._deadline_s = self._clock() + (self._budget_s or 0.0)

    def ask(self, step: str, size: int, answer: Callable[[], _Answer]) -> _Answer | None:
        """Take a step, whose time grows with `size`; None where it would be late, or one before it was."""
        began = self._clock()
        expected_s = self._rates.get(step, 0.0) * size
        if self._budget_s is not None and began + expected_s > self._deadline_s:
            self.is_late = True
        if self.is_late:
            return None
        found = answer()
        self._rates[step] = (self._clock() - began) / size
        return found
