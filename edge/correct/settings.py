"""Settings of the correction: how much is to be gained, and how long it may take."""

from __future__ import annotations

import re
from typing import Literal, get_args

from ..errors import OptionError
from ..kinds import Special
from ..values import real, shown

Strength = Literal["safe", "most"]
"""Strengths of the correction: to do no harm, or to gain most."""
STRENGTHS: tuple[Strength, ...] = get_args(Strength)
Correct = Literal["off", "safe", "most"]
CORRECTIONS: tuple[Correct, ...] = get_args(Correct)

_CHOICES = "off, safe or most"
_TIME = "a time of 1ms to 1h, such as 200ms or 0.2s; a number is seconds"
_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0}
_WRITTEN = re.compile(r"([0-9]*\.?[0-9]+)\s*(ms|s|)")


def correct(value: object) -> Correct:
    """Return the choice that is meant; True is safe, False is off."""
    if isinstance(value, bool):
        return "safe" if value else "off"
    for choice in CORRECTIONS:
        if isinstance(value, str) and value == choice:
            return choice
    raise OptionError(f"correct is {shown(value)}; expected {_CHOICES}")


def budget(value: object) -> float:
    """Return a time in seconds."""
    return real("correct_budget", value, 0.001, 3600.0, _TIME)


def read_budget(written: str) -> float:
    """Read a time with its unit."""
    found = _WRITTEN.fullmatch(written.strip().lower())
    if found is None:
        raise ValueError
    return float(found[1]) * _UNITS[found[2]]


CORRECT = Special(_CHOICES, correct, str.strip)
BUDGET = Special(_TIME, budget, read_budget)
