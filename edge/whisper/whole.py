"""Puts what is found in the sections of a recording together, as it is in the whole of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from ..audio.mono import SAMPLE_RATE_HZ
from ..gaps import Gap
from ..sections import Told
from ..transcript.events import End, Event, Final, Partial
from ..transcript.types import Segment, Timing
from .features import FRAMES_PER_SECOND


class Whole:
    """A recording, of which the sections are told in order."""

    def __init__(self, language: str | None) -> None:
        """Begin, with the language that is given, if one is."""
        self._language = language
        self._said_in: str | None = None  # language of the first text
        self._n_segments = self._n_samples = 0
        self._failures: list[Exception] = []
        self._ends: list[End] = []

    @property
    def done_s(self) -> float:
        """Seconds of the sound of which all was told."""
        return self._n_samples / SAMPLE_RATE_HZ

    def take(self, told: Told) -> list[Event]:
        """Take what comes next; gives its events, with the times and numbers that they have in the recording."""
        events = [self._placed(event, told.first) for event in told.events if not isinstance(event, End)]
        for end in told.events:
            if isinstance(end, End):
                self._ends.append(end)
                self._n_samples = told.first + told.n_samples
        if told.failure is not None:
            self._failures.append(told.failure)
        return events

    def end(self) -> End:
        """Sum up all sections.

        Raises:
            Exception: the last error of a section, where all failed.
        """
        if self._failures and len(self._failures) == len(self._ends):
            raise self._failures[-1]
        language = self._said_in or self._language or (self._ends[0].language if self._ends else "en")
        told = [end for end in self._ends if end.language_probabilities]
        settled = [end for end in told if end.language == language] or told
        return End(
            language=language,
            duration=self._n_samples / SAMPLE_RATE_HZ,
            timing=_sum([end.timing for end in self._ends]),
            language_probabilities=settled[0].language_probabilities if settled else {},
            peak=max((end.peak for end in self._ends), default=0.0),
            notes=tuple(dict.fromkeys(note for end in self._ends for note in end.notes)),
        )

    def _placed(self, event: Event, first: int) -> Event:
        """Give an event the times, and a segment the number, that it has in the whole recording."""
        by_s = first / SAMPLE_RATE_HZ
        if isinstance(event, Final):
            placed = _later(event.segment, by_s, self._n_segments)
            self._n_segments += 1
            self._said_in = self._said_in or placed.language
            return Final(placed)
        if isinstance(event, Gap | Partial):
            return replace(event, start=round(event.start + by_s, 2), end=round(event.end + by_s, 2))
        return event


def _later(segment: Segment, by_s: float, number: int) -> Segment:
    """Return a segment as it is in a recording in which it begins later."""
    decoding = segment.decoding
    if decoding is not None:
        decoding = replace(decoding, seek=decoding.seek + round(by_s * FRAMES_PER_SECOND))
    words = tuple(
        replace(word, start=round(word.start + by_s, 2), end=round(word.end + by_s, 2)) for word in segment.words
    )
    start, end = round(segment.start + by_s, 2), round(segment.end + by_s, 2)
    return replace(segment, id=number, start=start, end=end, words=words, decoding=decoding)


def _sum(timings: Sequence[Timing]) -> Timing:
    """Add up the times and counts of sections."""
    return Timing(**{one.name: sum(getattr(timing, one.name) for timing in timings) for one in fields(Timing)})
