"""Transcripts to write."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from edge.transcript.transcript import Transcript
from edge.transcript.types import Decoding, Segment, Timing, Word

MakeTranscript = Callable[..., Transcript]


@pytest.fixture(scope="session")
def transcript_of() -> MakeTranscript:
    """Makes a transcript of (start, end, text), or (start, end, text, words), each a segment."""

    def make(*parts: tuple[float, float, str] | tuple[float, float, str, Sequence[Word]]) -> Transcript:
        segments = tuple(
            Segment(
                id,
                *part[:3],
                tuple(part[3]) if len(part) > 3 else (),
                decoding=Decoding(0, (1, 2), 0.0, -0.25, 1.1, 0.01),
            )
            for id, part in enumerate(parts)
        )
        text = "".join(segment.text for segment in segments).strip()
        return Transcript(text, "de", segments, max((part[1] for part in parts), default=1.0), Timing(encode_s=0.5))

    return make
