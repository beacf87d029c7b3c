"""Reads what is final: the text of a span of sound, which is that of `transcribe` for the same samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from ..gaps import Gap
from ..session import Session
from ..transcript.events import End, Event, Final
from ..transcript.types import Segment

_HOP_SAMPLES = 160
"""Samples of a mel frame, in which diagnostics count."""

OpenSession = Callable[[str | None], Session]
"""Function that begins a session in a language; None where it is to be detected."""


class Span:
    """A span of a stream that a session of its own reads; its events have the times of the stream."""

    def __init__(self, open_session: OpenSession, start: int, language: str | None) -> None:
        """Begin at sample `start`."""
        self.start = start
        self.stop = start
        """Sample up to which the span was fed."""
        self._session = open_session(language)
        self.end: End | None = None
        """Facts about the span, once it was read to its end."""

    def feed(self, samples: FloatArray) -> list[Event]:
        """Take the next samples; gives what is final by now."""
        self.stop += len(samples)
        return self._placed(self._session.feed(samples))

    def ahead(self) -> list[Event]:
        """Give what would be final if the span ended here."""
        return self._placed(self._session.ahead())

    def finish(self) -> list[Event]:
        """End the span; gives what is final with it."""
        return self._placed(self._session.finish())

    def close(self) -> None:
        """Give up the span; harmless after its end."""
        self._session.close()

    def _placed(self, events: Sequence[Event]) -> list[Event]:
        """Move segments and gaps to their place in the stream; other events of the session are not passed on."""
        placed: list[Event] = []
        for event in events:
            if isinstance(event, Final):
                placed.append(Final(moved(event.segment, self.start)))
            elif isinstance(event, Gap):
                by_s = self.start / SAMPLE_RATE_HZ
                placed.append(replace(event, start=event.start + by_s, end=event.end + by_s))
            elif isinstance(event, End):
                self.end = event
        return placed


def moved(segment: Segment, n_samples: int) -> Segment:
    """Move a segment of a span that begins after `n_samples` of a stream."""
    if not n_samples:
        return segment
    by_s = n_samples / SAMPLE_RATE_HZ
    words = tuple(
        replace(word, start=round(word.start + by_s, 2), end=round(word.end + by_s, 2)) for word in segment.words
    )
    decoding = segment.decoding
    return replace(
        segment,
        start=round(segment.start + by_s, 2),
        end=round(segment.end + by_s, 2),
        words=words,
        decoding=None if decoding is None else replace(decoding, seek=decoding.seek + n_samples // _HOP_SAMPLES),
    )


def text_of(events: Sequence[Event]) -> str:
    """Join the text of all segments among events."""
    return "".join(event.segment.text for event in events if isinstance(event, Final))
