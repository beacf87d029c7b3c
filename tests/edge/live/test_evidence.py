from __future__ import annotations

import pytest

from edge.live.evidence import Agreement, count_shown, count_stable, rest_after, weights_of

from .parts import WEIGHTS, read_as, word


def test_words_are_stable_up_to_the_first_in_doubt() -> None:
    found = read_as(word("ask", 9.0), word("not", 9.4, -1.5), word("what", 9.8))
    agreement = Agreement()
    agreement.update(found)
    assert count_stable(found, 0, agreement, "quick", WEIGHTS) == 1
    assert count_stable(found, 2, agreement, "quick", WEIGHTS) == 3
    assert count_shown(found, 1, agreement, WEIGHTS) == 3


def test_a_sure_word_needs_more() -> None:
    found = read_as(word("ask", 9.0, -0.5))
    agreement = Agreement()
    agreement.update(found)
    assert count_stable(found, 0, agreement, "quick", WEIGHTS) == 1
    assert count_stable(found, 0, agreement, "sure", WEIGHTS) == 0


def test_a_word_in_doubt_does_not_hold_up_the_others_for_ever() -> None:
    agreement = Agreement()
    for seconds in (10.0, 10.8):
        found = read_as(word("ask", 8.5, -3.0), word("not", 10.0, -3.0), seconds=seconds)
        agreement.update(found)
    assert count_stable(found, 0, agreement, "quick", WEIGHTS) == 1


def test_agreement_counts_from_the_first_reading_that_agrees_up_to_a_word() -> None:
    agreement = Agreement()
    agreement.update(read_as(word("ask", 1.0), word("nut", 2.0), seconds=2.0))
    agreement.update(read_as(word("Ask", 1.0, signs=","), word("not", 2.0), seconds=3.0))
    found = read_as(word("ask", 1.0), word("not", 2.0), seconds=4.5)
    agreement.update(found)
    assert [agreement.evidence(found, index).agreed_s for index in (0, 1)] == [2.5, 1.5]
    agreement.forget()
    agreement.update(found)
    assert agreement.evidence(found, 0).agreed_s == 0


@pytest.mark.parametrize(
    ("kept", "text", "expected"),
    [
        ((), ("ask", "not"), 0),
        (("ask",), ("Ask,", "not"), 1),
        (("a", "shopboy"), ("a", "shop", "boy", "said"), 3),
        (("shop", "boy"), ("shopboy", "said"), 1),
        (("ask",), (), 0),
    ],
)
def test_a_text_goes_on_after_the_words_that_are_kept(
    kept: tuple[str, ...], text: tuple[str, ...], expected: int
) -> None:
    assert rest_after([f" {one}" for one in kept], [f" {one}" for one in text]) == expected


def test_every_model_has_weights() -> None:
    assert weights_of("base") != weights_of("tiny.en")
    assert weights_of("somebody's own") == weights_of("tiny.en")
    for name in ("base", "tiny.en"):
        weights = weights_of(name)
        assert weights.shown < weights.quick < weights.sure
