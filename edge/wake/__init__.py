"""Wake words: sound goes in as it is heard, and the moments come out at which somebody said the phrase."""

from __future__ import annotations

from .protocol import Detection as Detection
from .protocol import Score as Score
from .protocol import WakeWord as WakeWord
from .spotter import Spotter as Spotter

__all__ = ["Detection", "Score", "Spotter", "WakeWord"]
