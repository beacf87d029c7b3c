"""Recordings of any kind read as a stream of float32 blocks, mono at 16 kHz."""

from __future__ import annotations

from .mono import SAMPLE_RATE_HZ as SAMPLE_RATE_HZ
from .source import AudioInput as AudioInput
from .source import AudioSource as AudioSource
from .source import open_audio as open_audio

__all__ = ["SAMPLE_RATE_HZ", "AudioInput", "AudioSource", "open_audio"]
