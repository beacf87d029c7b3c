"""The time and the date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..intent import Intent, Plan, Skill


def clock_skill(now: Callable[[], datetime]) -> Skill:
    """Make the skill that tells the time and the date."""

    def plan(intent: Intent) -> Plan | None:
        if intent.name == "HassGetCurrentTime":
            return Plan(f"It is {_time(now())}")
        if intent.name == "HassGetCurrentDate":
            return Plan(f"Today is {_date(now())}.")
        return None

    return plan


def _time(moment: datetime) -> str:
    half = "a.m." if moment.hour < 12 else "p.m."
    hour = moment.hour % 12 or 12
    return f"{hour} {half}" if not moment.minute else f"{hour}:{moment.minute:02} {half}"


def _date(moment: datetime) -> str:
    return f"{moment:%A}, {moment:%B} {moment.day}, {moment.year}"
