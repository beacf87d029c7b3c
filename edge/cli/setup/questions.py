"""Questions on the terminal, each with an answer that is there already."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import EdgeError, OptionError
from ..console.streams import report


class Questions:
    """Asks on the terminal, or takes each answer that is there already."""

    def __init__(self, *, asks: bool) -> None:
        self.asks = asks

    def answer(self, question: str, default: str, check: Callable[[str], object]) -> str:
        """Return an answer that passes the check; an empty one is the default."""
        while self.asks:
            given = input(f"{question} [{default}]: ").strip()
            try:
                if given:
                    check(given)
            except EdgeError as error:
                report(str(error))
                continue
            return given or default
        return default

    def agrees(self, question: str, *, default: bool) -> bool:
        """Return whether the user says yes."""
        return self.answer(f"{question} (yes or no)", "yes" if default else "no", _yes_or_no).lower().startswith("y")


def _yes_or_no(given: str) -> None:
    if given.lower() not in ("y", "yes", "n", "no"):
        raise OptionError("expected yes or no")
