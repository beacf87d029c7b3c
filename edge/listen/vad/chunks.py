"""Finds chunks of speech to transcribe while a recording comes in."""

from __future__ import annotations

from ...arrays import FloatArray
from .options import VadOptions
from .regions import Chunker, Region, RegionFinder
from .silero import SileroVad

_MOST_IN_CHUNK_S = 30.0
_LONGEST_PAUSE_S = 3.0
"""Seconds of the longest pause in a chunk: it is in pauses that Whisper writes what nobody says."""


class SpeechChunks:
    """A finder of chunks to transcribe in one recording: of at most 30 s, in order."""

    def __init__(self, vad: SileroVad, options: VadOptions) -> None:
        self._stream = vad.stream()
        self._finder = RegionFinder(options)
        self._chunker = Chunker(_MOST_IN_CHUNK_S, _LONGEST_PAUSE_S)

    @property
    def settled(self) -> int:
        """Sample before which no later chunk begins."""
        return self._chunker.settled

    def feed(self, samples: FloatArray) -> list[Region]:
        """Take samples (n_samples,), and return the chunks that are certain now."""
        regions = self._finder.feed(self._stream.feed(samples).tolist())
        return self._chunker.feed(regions, self._finder.settled)

    def finish(self) -> list[Region]:
        """Give the chunks that the end of the recording leaves."""
        regions = self._finder.feed(self._stream.finish().tolist()) + self._finder.finish()
        return self._chunker.feed(regions, self._finder.settled) + self._chunker.finish()
