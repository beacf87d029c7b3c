"""Intents, and what is to be done about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Intent:
    """Wish of somebody who spoke."""

    name: str
    """Name, as in Home Assistant where it has one; empty where words are known and no intent is."""
    text: str
    """Words that were said."""
    slots: Mapping[str, Any] = field(default_factory=dict)
    """Facts that the words tell, such as `{"minutes": 5}`."""


def _do_nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Plan:
    """Something to be done, and the answer to it; making a plan changes nothing, so it is made before it is sure."""

    say: str = ""
    """Answer as it is known beforehand, for which speech can be made ahead."""
    act: Callable[[], str | None] = _do_nothing
    """Function that does it; it may return another answer, and raises EdgeError where it fails."""
    is_known: bool = True
    """Whether the answer is known beforehand."""


Skill: TypeAlias = Callable[[Intent], Plan | None]
"""Function that plans what to do about an intent; None where that is not its business."""


def first_plan(skills: tuple[Skill, ...], intent: Intent) -> Plan | None:
    """Return the plan of the first skill that has one."""
    return next((plan for plan in (skill(intent) for skill in skills) if plan is not None), None)
