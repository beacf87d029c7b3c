"""Corrections that are taken back."""

from __future__ import annotations

import pytest

from edge.correct.edits import Edit, changes_of, edited
from edge.correct.undo import undone
from edge.transcript.types import Correction, Segment, Word

READ = " The quick fox jumps over it."


def _corrected(*edits: Edit) -> Segment:
    text = edited(READ, edits)
    corrections = tuple(Correction(*change, {"own": 1.0}) for change in changes_of(READ, edits))
    words = tuple(Word(at, at + 1.0, f" {word}", 0.5) for at, word in enumerate(text.split()))
    return Segment(0, 0, 9, text, words, original=READ, corrections=corrections)


@pytest.mark.parametrize(
    "edits",
    [
        (Edit(2, 3, ("socks",)),),
        (Edit(0, 1, ("A",)), Edit(2, 4, ("dog", "sat", "down")), Edit(5, 6, ("them.",))),
        (Edit(1, 2, ()),),
        (Edit(3, 3, ("nicely",)), Edit(5, 6, ("us.",))),
        (Edit(5, 6, ()),),
    ],
)
def test_the_text_and_its_words_are_as_they_were(edits: tuple[Edit, ...]) -> None:
    segment = undone(_corrected(*edits))
    assert segment.text == READ
    assert "".join(word.text for word in segment.words) == READ
    assert not segment.corrections
    assert segment.original is None


def test_a_segment_that_was_not_corrected_stays() -> None:
    segment = Segment(0, 0, 1, READ, original=" the quick fox")
    assert undone(segment) is segment
