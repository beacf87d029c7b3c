"""Messages between a satellite and Home Assistant, as Wyoming has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RUN, PAUSE = "run-satellite", "pause-satellite"
"""Kinds that begin to listen to the wake word, and end that."""
GONE = "gone"
"""Kind of no message: whoever led the satellite is not there any more."""


@dataclass(frozen=True, slots=True)
class Message:
    """One of them."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""
