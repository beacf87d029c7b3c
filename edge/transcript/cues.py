"""Segments as the cues of subtitles: lines on the screen, from when to when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .lines import flat, wrap
from .options import OutputOptions
from .types import Segment


class Cue(NamedTuple):
    """What is on the screen at once."""

    start_ms: int
    end_ms: int
    """After `start_ms`."""
    lines: tuple[str, ...]
    """None of them empty, without line breaks."""


class _Span(NamedTuple):
    """Letters of a segment's text (blanks do not count), and when they are spoken."""

    first: int
    stop: int
    start: float
    """In seconds."""
    end: float


def cues(segments: Iterable[Segment], options: OutputOptions) -> Iterator[Cue]:
    """The cues of a transcript, in order and without overlap; a segment without words has none."""
    free_from_ms = 0
    for segment in segments:
        for start, end, lines in _divide(segment, options):
            start_ms = max(free_from_ms, round(1000 * start))
            # Players drop a cue that ends when it begins, and WebVTT forbids it.
            free_from_ms = max(start_ms + 1, round(1000 * end))
            yield Cue(start_ms, free_from_ms, lines)


def _divide(segment: Segment, options: OutputOptions) -> Iterator[tuple[float, float, tuple[str, ...]]]:
    """The cues of one segment: start, end and lines. The first begins with the segment, the last ends with it."""
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
    """When which letters are spoken: by the segment's words, or evenly if it has none that spell its text."""
    spans: list[_Span] = []
    for word in segment.words or ():
        first = spans[-1].stop if spans else 0
        spans.append(_Span(first, first + _n_letters(flat(word.text)), word.start, word.end))
    if spans and spans[-1].stop == n_letters:
        return spans
    return [_Span(0, n_letters, segment.start, segment.end)]


def _moment(spans: Sequence[_Span], letter: int, share: int) -> float:
    """When a letter begins (`share` 0) or ends (1), in seconds; within a word, time passes evenly."""
    span = next(span for span in spans if span.first <= letter < span.stop)
    return span.start + (letter + share - span.first) / (span.stop - span.first) * (span.end - span.start)


def _n_letters(text: str) -> int:
    return sum(not character.isspace() for character in text)
