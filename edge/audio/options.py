"""What a caller may say about how a recording is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read one recording."""

    track: int | None = None
    """Audio track to take, counted from 1; the one marked as the default, else the first, where it is None."""
    raw: bool = False
    """Whether the bytes are raw 16 kHz s16le PCM, whatever they look like."""
