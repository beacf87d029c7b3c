"""Finds the n best readings of each segment among the n best of its window.

A search finds whole windows, and one that reads a word differently may also place its timestamps differently. A reading
of the window gives one of a segment if some of its own segments in a row begin and end where that segment does, to 0.2
s; where both readings are a single segment, they always match. Scores are those of the window's readings, so that two
alternatives of a segment compare as the search compared them. They fall from the first to the last, except where the
best reading of a window failed (edge.whisper.window) and comes after the one that was taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...transcript.types import Alternative
from ..segments import Span, split_window
from ..tokens import Tokenizer
from .greedy import DecodedWindow

MOST_SHIFT_S = 0.2
"""Seconds by which timestamps of two readings may differ and still mean the same place."""


def alternatives(
    decoded: DecodedWindow, spans: Sequence[Span], n_frames: int, n_best: int, tokenizer: Tokenizer
) -> list[tuple[Alternative, ...]]:
    """Find up to `n_best` readings of different text, best first, for each segment (`spans`) of a window.

    The window has `n_frames` mel frames. The first reading is the segment's own. Texts that differ only in white space
    are the same.
    """
    found = [{_plain(text): Alternative(text, decoded.score, decoded.avg_logprob)} for text in _texts(spans, tokenizer)]
    for other in decoded.others:
        theirs, _ = split_window(other.tokens, tokenizer, n_frames)
        for span, readings in zip(spans, found, strict=True):
            text = _text_at(span, theirs, tokenizer, alone=len(spans) == len(theirs) == 1)
            if text.strip() and len(readings) < n_best:
                readings.setdefault(_plain(text), Alternative(text, other.score, other.avg_logprob))
    return [tuple(readings.values()) for readings in found]


def _text_at(span: Span, theirs: Sequence[Span], tokenizer: Tokenizer, *, alone: bool) -> str:
    """Give the text of another reading where a segment is; empty if it does not divide the window there."""
    if alone:
        return tokenizer.decode(theirs[0].tokens)
    first = next((i for i, one in enumerate(theirs) if abs(one.start - span.start) <= MOST_SHIFT_S), None)
    last = next((i for i, one in enumerate(theirs) if abs(one.end - span.end) <= MOST_SHIFT_S), None)
    if first is None or last is None:
        return ""
    return "".join(_texts(theirs[first : last + 1], tokenizer))


def _texts(spans: Sequence[Span], tokenizer: Tokenizer) -> list[str]:
    return [tokenizer.decode(span.tokens) for span in spans]


def _plain(text: str) -> str:
    return " ".join(text.split())
