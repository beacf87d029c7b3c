"""Cues: when each part of a segment is on the screen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import OptionError
from edge.harmless import without_controls
from edge.transcript.cues import Cue, cues
from edge.transcript.lines import width
from edge.transcript.options import OutputOptions
from edge.transcript.types import Word

from .conftest import MakeTranscript

TEXT = " aaaa bbbb cccc dddd"
WORDS = (
    Word(start=1.0, end=1.5, text=" aaaa", probability=0.9),
    Word(start=1.5, end=2.0, text=" bbbb", probability=0.9),
    Word(start=6.0, end=7.0, text=" cccc", probability=0.9),
    Word(start=7.0, end=8.0, text=" dddd", probability=0.9),
)


def test_a_segment_is_a_cue_of_one_line(transcript_of: MakeTranscript) -> None:
    segments = transcript_of((0.0, 1.5, " one\n two"), (2.0, 3.25, "three ")).segments
    assert list(cues(segments, OutputOptions())) == [Cue(0, 1500, ("one two",)), Cue(2000, 3250, ("three",))]


def test_a_width_alone_divides_no_segment(transcript_of: MakeTranscript) -> None:
    segments = transcript_of((0.0, 8.0, TEXT)).segments
    assert list(cues(segments, OutputOptions(4))) == [Cue(0, 8000, ("aaaa", "bbbb", "cccc", "dddd"))]


def test_without_words_time_passes_by_letters(transcript_of: MakeTranscript) -> None:
    segments = transcript_of((0.0, 8.0, TEXT)).segments
    assert list(cues(segments, OutputOptions(9, 1))) == [
        Cue(0, 4000, ("aaaa bbbb",)),
        Cue(4000, 8000, ("cccc dddd",)),
    ]


def test_with_words_a_pause_shows_nothing(transcript_of: MakeTranscript) -> None:
    segments = transcript_of((1.0, 8.0, TEXT, WORDS)).segments
    assert list(cues(segments, OutputOptions(9, 1))) == [
        Cue(1000, 2000, ("aaaa bbbb",)),
        Cue(6000, 8000, ("cccc dddd",)),
    ]


def test_a_word_that_is_cut_is_timed_by_its_letters(transcript_of: MakeTranscript) -> None:
    segments = transcript_of((1.0, 3.0, " aaaa", [Word(start=1.0, end=3.0, text=" aaaa", probability=0.9)])).segments
    assert [(cue.start_ms, cue.end_ms) for cue in cues(segments, OutputOptions(2, 1))] == [(1000, 2000), (2000, 3000)]


def test_words_that_do_not_spell_the_text_are_not_believed(transcript_of: MakeTranscript) -> None:
    segments = transcript_of((0.0, 8.0, TEXT, WORDS[:2])).segments
    assert next(cues(segments, OutputOptions(9, 1))).end_ms == 4000


def test_a_segment_without_text_has_no_cue(transcript_of: MakeTranscript) -> None:
    segments = transcript_of((0.0, 1.0, " \n"), (1.0, 2.0, ""), (2.0, 3.0, " x")).segments
    assert [cue.lines for cue in cues(segments, OutputOptions())] == [("x",)]


times = st.floats(0, 400_000, allow_nan=False)


@given(
    st.lists(st.tuples(times, times, st.text(max_size=60)), max_size=8),
    st.integers(1, 40),
    st.none() | st.integers(1, 4),
)
def test_cues_never_overlap_and_fit_the_screen(
    transcript_of: MakeTranscript, parts: list[tuple[float, float, str]], max_width: int, max_count: int | None
) -> None:
    transcript = transcript_of(*parts)
    found = list(cues(transcript.segments, OutputOptions(max_width, max_count)))
    free_from_ms = 0
    for cue in found:
        assert free_from_ms <= cue.start_ms < cue.end_ms
        free_from_ms = cue.end_ms
        assert 1 <= len(cue.lines) <= (max_count or len(cue.lines))
        assert all(width(line) <= max(2, max_width) for line in cue.lines)
    shown = "".join("".join(line.split()) for cue in found for line in cue.lines)
    assert shown == without_controls("".join("".join(text.split()) for _, _, text in parts))


@pytest.mark.parametrize(
    ("options", "message"),
    [((0, None), "max_line_width is 0"), ((10, -1), "max_line_count is -1"), ((None, 2), "give max_line_width")],
)
def test_limits_that_make_no_sense(options: tuple[Any, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        OutputOptions(*options)
