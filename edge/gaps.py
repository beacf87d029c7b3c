"""What is missing of a recording: one record, whoever noticed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Cause: TypeAlias = Literal["damage", "failure", "unread"]
"""Why it is missing: the recording is damaged, reading it failed, or speech was heard in which no words were found."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of the recording that could not be transcribed; what is before and after it could."""

    start: float
    """Seconds from the beginning of the recording."""
    end: float
    """Seconds from the beginning of the recording; equal to `start` where nobody can tell how much is missing."""
    reason: str
    """What happened, for people."""
    cause: Cause = "failure"
