"""Where somebody speaks: Silero's voice activity detector, stretches of speech, and chunks of them to transcribe."""

from __future__ import annotations

from .options import VadOptions
from .regions import Chunker, Region, RegionFinder
from .silero import FRAME_SAMPLES, SileroVad, VadStream

__all__ = [
    "FRAME_SAMPLES",
    "Chunker",
    "Region",
    "RegionFinder",
    "SileroVad",
    "VadOptions",
    "VadStream",
]
