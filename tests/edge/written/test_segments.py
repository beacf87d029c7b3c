"""Segments that are written: times stay, and so does what was recognized."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.transcript.transcript import Transcript
from edge.transcript.types import Segment, Timing, Word
from edge.written import Replacement, Writer, WrittenOptions
from edge.written.segments import Scribe, write_segment

PLAIN = WrittenOptions(off=["figures"])


def segment_of(text: str) -> Segment:
    pieces = [f" {word}" for word in text.split()]
    words = tuple(Word(float(n), n + 1.0, piece, 0.9 - n / 100) for n, piece in enumerate(pieces))
    return Segment(0, 0.0, float(len(pieces)), "".join(pieces), words)


def test_words_that_became_one_have_the_time_of_all() -> None:
    pytest.importorskip("text_to_num")
    done = write_segment(segment_of("I paid twenty five dollars today"), Writer("en"))
    assert done.text == " I paid $25 today"
    assert done.original == " I paid twenty five dollars today"
    assert [word.text for word in done.words] == [" I", " paid", " $25", " today"]
    assert (done.words[2].start, done.words[2].end) == (2.0, 5.0)
    assert done.words[2].probability == pytest.approx(0.86)


def test_a_segment_that_stays_is_the_same_one() -> None:
    segment = segment_of("nothing to write here")
    assert write_segment(segment, Writer("en", PLAIN)) is segment


def test_a_transcript_is_written_by_the_language_of_each_segment() -> None:
    pytest.importorskip("text_to_num")
    english = segment_of("um five percent.")
    german = dataclasses.replace(segment_of("Äh, fünf Prozent."), language="de")
    done = Scribe().transcript(Transcript("…", "en", (english, german), 6.0, Timing()))
    assert done.text == "5%. 5 %."
    assert [segment.original for segment in done.segments] == [english.text, german.text]


def test_a_segment_of_fillers_alone_stays() -> None:
    segment = segment_of("Um.")
    assert write_segment(segment, Writer("en", PLAIN)) is segment


def test_a_filler_takes_its_word_along() -> None:
    done = write_segment(segment_of("Um, we went"), Writer("en", PLAIN))
    assert "".join(word.text for word in done.words) == done.text == " We went"


def test_what_was_recognized_first_stays_the_original() -> None:
    once = write_segment(segment_of("um a git hub"), Writer("en", PLAIN))
    twice = write_segment(
        once, Writer("en", WrittenOptions(off=["figures"], replacements=[Replacement("git hub", "GitHub")]))
    )
    assert twice.original == " um a git hub"
    assert twice.text.endswith("a GitHub")


@given(
    st.lists(
        st.sampled_from(["um", "uh,", "I", "went.", "five", "percent", "git", "hub", "gray", "comma"]), max_size=12
    )
)
def test_words_joined_give_the_text(words: list[str]) -> None:
    options = WrittenOptions(
        off=["figures"], punctuation="anywhere", spelling="en-GB", replacements=[Replacement("git hub", "GitHub")]
    )
    done = write_segment(segment_of(" ".join(words)), Writer("en", options))
    assert "".join(word.text for word in done.words) == done.text
