"""Texts that grow: whole after each segment, and in the end what `render` gives at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.transcript.formats import render
from edge.transcript.growing import GROWING
from edge.transcript.options import OutputOptions
from edge.transcript.transcript import Transcript
from edge.transcript.types import Segment, Timing

TIMES = st.floats(0, 9000)


@pytest.mark.parametrize("format", GROWING)
@given(st.lists(st.tuples(TIMES, TIMES, st.text(max_size=30))), st.none() | st.integers(1, 20))
def test_it_is_whole_after_each_segment(
    format: str, parts: list[tuple[float, float, str]], max_width: int | None
) -> None:
    segments = tuple(Segment(id, min(one, other), max(one, other), text) for id, (one, other, text) in enumerate(parts))
    options = OutputOptions(max_width, None if max_width is None else 2)
    growing = GROWING[format](options)
    text = growing.head
    for n_segments in range(len(segments) + 1):
        so_far = Transcript("", "en", segments[:n_segments], 9000.0, Timing())
        assert text == render(so_far, format, options)
        assert not text or text.endswith("\n")
        if n_segments < len(segments):
            text += growing.add(segments[n_segments])


def test_two_texts_grow_on_their_own() -> None:
    one, other = (GROWING["srt"](OutputOptions()) for _ in range(2))
    segment = Segment(0, 0.0, 1.0, " a")
    assert one.add(segment) == other.add(segment) == "1\n00:00:00,000 --> 00:00:01,000\na\n\n"
    assert one.add(segment).startswith("2\n00:00:01,000")
