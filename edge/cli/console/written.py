"""Transcripts that are written by rules on their way to where they go."""

from __future__ import annotations

from ...transcript.transcript import Transcript
from ...transcript.types import Segment
from ...written.segments import Scribe
from .sinks import Sink


class WrittenSink:
    """Passes on what the rules make of segments and transcripts."""

    def __init__(self, sink: Sink, scribe: Scribe) -> None:
        self._sink = sink
        self._scribe = scribe

    def segment(self, segment: Segment) -> None:
        """Write a segment and pass it on."""
        self._sink.segment(self._scribe.segment(segment))

    def save(self, transcript: Transcript) -> None:
        """Write the transcript and have it saved."""
        self._sink.save(self._scribe.transcript(transcript))

    def end(self, transcript: Transcript) -> None:
        """Write the transcript and pass it on."""
        self._sink.end(self._scribe.transcript(transcript))

    def error(self, message: str) -> None:
        """Pass the message on."""
        self._sink.error(message)
