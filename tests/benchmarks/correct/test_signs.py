from __future__ import annotations

import pytest

pytest.importorskip("jiwer")

from benchmarks.correct.signs import Signs, count_signs


def test_signs_and_capitals_are_counted_at_words_that_are_right() -> None:
    found = count_signs("In the garden, where she sat. Then it rained!", "In the garden. Where he sat. then it rained!")
    assert found == Signs(
        words=9,
        edits=1,
        matched=8,
        capitals=6,
        signs=2,
        signs_put_in=1,
        signs_left_out=1,
        ends=2,
        ends_put_in=1,
        ends_left_out=0,
    )
    assert found.end_f1 == pytest.approx(80.0)
    assert found.sign_f1 == pytest.approx(200 * 2 / 6)


def test_what_means_the_same_is_the_same() -> None:
    same = count_signs("He said\u2014well; \u201cgo!\u201d", "He said well, “go!”")
    assert (same.edits, same.signs, same.signs_put_in, same.signs_left_out) == (0, 2, 0, 0)


@pytest.mark.parametrize(("reference", "transcript", "edits"), [("", "one two", 2), ("one", "", 1), ("", "", 0)])
def test_nothing_is_counted_as_words(reference: str, transcript: str, edits: int) -> None:
    assert count_signs(reference, transcript).edits == edits
