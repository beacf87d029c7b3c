"""Settings of live sessions, checked when they are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypedDict, get_args

from ..errors import OptionError
from ..kinds import Choice, Flag, Real, Special
from ..settings import check_fields, setting
from ..values import real, shown

Grade = Literal["quick", "sure"]

ENDPOINTS = {"aggressive": 0.25, "quick": 0.5, "default": 0.7, "relaxed": 1.2}
"""Seconds of silence by name; aggressive, default and relaxed are called as in Home Assistant."""

_GROUP = "live"
_SECONDS = f"seconds of silence, 0.2 to 10, or {', '.join(ENDPOINTS)}"


def _endpoint(value: object) -> float:
    if isinstance(value, str):
        if value not in ENDPOINTS:
            raise OptionError(f"endpoint is {shown(value)}; expected {_SECONDS}")
        return ENDPOINTS[value]
    return real("endpoint", value, 0.2, 10.0, _SECONDS)


def _read_endpoint(written: str) -> float:
    return ENDPOINTS[written] if written in ENDPOINTS else float(written)


_ENDPOINT = Special(_SECONDS, _endpoint, _read_endpoint)


class LiveSettings(TypedDict, total=False):
    """Fields of `LiveOptions`, for functions that take them as keywords."""

    endpoint: float | str | None
    stable: Grade
    interval: float
    cpu_share: float
    trim: bool


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """Settings of a live session: when text is final, when it is stable, and how often it is looked for."""

    endpoint: float | str | None = field(
        default=0.7,
        metadata=setting(_ENDPOINT, group=_GROUP, metavar="S", none="the end of the sound, such as a released key"),
    )
    """Seconds of silence after which what was said is final."""
    stable: Grade = field(default="quick", metadata=setting(Choice(get_args(Grade)), group=_GROUP))
    """Evidence that a word needs to be stable: quick, about half a second behind the speech, or sure, which is more."""
    interval: float = field(
        default=0.4, metadata=setting(Real(0.1, 10, "seconds, 0.1 to 10"), group=_GROUP, metavar="S")
    )
    """Seconds of new sound after which the text is read again while somebody speaks."""
    cpu_share: float = field(
        default=0.3, metadata=setting(Real(0.01, 1, "a share, 0.01 to 1"), group=_GROUP, metavar="X")
    )
    """Share of the time that may be spent on reading again: where it does not suffice, text comes less often."""
    trim: bool = field(default=False, metadata=setting(Flag(), group=_GROUP))
    """Whether to leave out silence at the end of the sound, so that text read in it is final at once."""

    def __post_init__(self) -> None:
        check_fields(self)


LIVE_NAMES = tuple(LiveSettings.__annotations__)
"""Names of the live settings."""
