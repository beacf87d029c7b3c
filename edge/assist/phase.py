"""Phases of a dialogue."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """State of a dialogue."""

    WAITING = "waiting"
    """Waiting for the wake word."""
    LISTENING = "listening"
    """Listening to a command."""
    ACTING = "acting"
    """Doing what was asked for."""
    ANSWERING = "answering"
