"""A gap in a recording: one record for all that is missing, whoever noticed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Cause: TypeAlias = Literal["damage", "failure", "unread", "lost"]
"""Cause of a gap: the recording is damaged, reading it failed, speech was heard in which no words were found, or the
microphone did not deliver."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of the recording that could not be transcribed; what is before and after it could."""

    start: float
    """Seconds from the beginning of the recording."""
    end: float
    """Seconds from the beginning of the recording; equal to `start` where nobody can tell how much is missing."""
    reason: str
    """Description of what happened, for people."""
    cause: Cause = "failure"
