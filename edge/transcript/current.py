"""Text of a session that is read by now and not final: what is stable of it, and what may change."""

from __future__ import annotations

from ..gaps import Gap
from .events import Event, Final, Partial, Silence, Stable

_NEAR_S = 0.8
"""Seconds after the end of a final segment in which stable words count as those that it has: some are known to be
stable only in the pause behind them."""


class Current:
    """What is read by now, as events say it."""

    def __init__(self) -> None:
        self._stable: list[Stable] = []  # what no final has taken the place of
        self.rest = ""
        """Text behind the stable words, which may change."""

    @property
    def firm(self) -> str:
        """Words that are stable."""
        return "".join(each.text for each in self._stable)

    def take(self, event: Event) -> None:
        """Follow what happened."""
        if isinstance(event, Final):
            end = event.segment.end + _NEAR_S
            self._stable = [each for each in self._stable if each.start > end]
        elif isinstance(event, Stable):
            self._stable.append(event)
            self.rest = ""  # what follows them comes next
        elif isinstance(event, Partial):
            self.rest = event.text[event.n_stable :]
        elif isinstance(event, Silence | Gap):
            self.forget()

    def forget(self) -> None:
        """Forget all of it."""
        self._stable, self.rest = [], ""
