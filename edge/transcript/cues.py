"""Divides segments into the cues of subtitles: lines on the screen for a stretch of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .lines import flat, wrap
from .options import OutputOptions
from .types import Segment


class Cue(NamedTuple):
    """Lines that are on the screen at the same time."""

    start_ms: int
    end_ms: int
    """End in milliseconds, always after `start_ms`."""
    lines: tuple[str, ...]
    """Lines without line breaks, each of which has text."""


class _Span(NamedTuple):
    """A run of letters in a segment's text (blanks do not count) with the time in which it is spoken."""

    first: int
    stop: int
    start: float
    """Start in seconds."""
    end: float


class CueCutter:
    """A divider of segments into cues, in order and without overlap."""

    def __init__(self, options: OutputOptions) -> None:
        self._options = options
        self._free_from_ms = 0

    def feed(self, segment: Segment) -> Iterator[Cue]:
        """Divide the next segment; one without text has no cue."""
        for start, end, lines in _divide(segment, self._options):
            start_ms = max(self._free_from_ms, round(1000 * start))
            # Players drop a cue that ends when it begins, and WebVTT forbids it.
            self._free_from_ms = max(start_ms + 1, round(1000 * end))
            yield Cue(start_ms, self._free_from_ms, lines)


def cues(segments: Iterable[Segment], options: OutputOptions) -> Iterator[Cue]:
    """Divide a transcript into cues."""
    cutter = CueCutter(options)
    for segment in segments:
        yield from cutter.feed(segment)


def _divide(segment: Segment, options: OutputOptions) -> Iterator[tuple[float, float, tuple[str, ...]]]:
    """Divide a segment into cues of start, end and lines. The first begins with the segment, the last ends with it."""
    text = flat(segment.text)
    if not text:
        return
    lines = wrap(text, options.max_line_width) if options.max_line_width else [text]
    n_lines = options.max_line_count or len(lines)
    groups = [tuple(lines[at : at + n_lines]) for at in range(0, len(lines), n_lines)]
    spans = _spans(segment, _n_letters(text))
    done, start = 0, segment.start
    for group in groups[:-1]:
        done += sum(map(_n_letters, group))
        yield start, _moment(spans, done - 1, 1), group
        start = _moment(spans, done, 0)
    yield start, segment.end, groups[-1]


def _spans(segment: Segment, n_letters: int) -> Sequence[_Span]:
    """Find when letters are spoken: by the segment's words, or evenly if it has no words that spell its text."""
    spans: list[_Span] = []
    for word in segment.words or ():
        first = spans[-1].stop if spans else 0
        spans.append(_Span(first, first + _n_letters(flat(word.text)), word.start, word.end))
    if spans and spans[-1].stop == n_letters:
        return spans
    return [_Span(0, n_letters, segment.start, segment.end)]


def _moment(spans: Sequence[_Span], letter: int, share: int) -> float:
    """Compute when a letter begins (`share` 0) or ends (1), in seconds; within a word, time passes evenly."""
    span = next(span for span in spans if span.first <= letter < span.stop)
    return span.start + (letter + share - span.first) / (span.stop - span.first) * (span.end - span.start)


def _n_letters(text: str) -> int:
    return sum(not character.isspace() for character in text)
