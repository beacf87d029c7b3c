"""Which edits are made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.correct.edits import Edit
from edge.correct.gate import Case, Evidence, Weights, choose, least_sure, weights_for
from edge.correct.settings import STRENGTHS, Strength

WEIGHTS = Weights(own=1.0, second=0.5, lm=0.2, doubt=0.0, loss=0.0, safe=3.0, most=0.5, hard=0.9)
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog"]
FOX, JUMPS, DOG = Edit(3, 4, ("socks",)), Edit(4, 5, ("jump",)), Edit(8, 9, ("log",))


def _choose(edits: dict[Edit, Evidence], strength: Strength = "safe", probability: float = 0.5) -> list[Edit]:
    return choose(Case(WORDS, [probability] * len(WORDS), edits), WEIGHTS, strength)


def test_an_edit_needs_more_than_the_gate() -> None:
    assert _choose({FOX: {"own": 1.0, "second": 2.0, "lm": 5.0}}) == []
    assert _choose({FOX: {"own": 1.1, "second": 2.0, "lm": 5.0}}) == [FOX]


def test_no_witness_makes_up_for_what_the_recognizer_did_not_hear() -> None:
    assert _choose({FOX: {"own": -2.1, "second": 50.0, "lm": 50.0}}) == []


def test_most_acts_on_what_is_hard_and_else_like_safe() -> None:
    edits: dict[Edit, Evidence] = {FOX: {"own": 1.0, "second": 0.0, "lm": 0.0}}
    assert _choose(edits, "most") == [FOX]
    assert _choose(edits, "most", probability=0.95) == []


def test_words_in_doubt_are_given_up_sooner_and_words_are_not_dropped_lightly() -> None:
    weights = replace(WEIGHTS, doubt=4.0, loss=-3.0)
    probabilities = [0.95, 0.95, 0.95, 0.2, 0.9, 0.95, 0.95, 0.95, 0.9]
    edits: dict[Edit, Evidence] = {FOX: {"own": 1.0}, DOG: {"own": 1.0}, Edit(3, 4, ()): {"own": 2.0}}
    assert choose(Case(WORDS, probabilities, edits), weights, "safe") == [FOX]


def test_words_that_are_put_in_lie_beside_two() -> None:
    assert least_sure([0.9, 0.3, 0.8, 0.7], Edit(2, 2, ("x",))) == 0.3
    assert least_sure([0.9, 0.3], Edit(2, 2, ("x",))) == 0.3
    assert least_sure([0.9, 0.3, 0.8], Edit(0, 1, ("x",))) == 0.9


def test_of_edits_that_meet_the_better_is_made() -> None:
    edits: dict[Edit, Evidence] = {FOX: {"own": 4.0}, JUMPS: {"own": 5.0}, DOG: {"own": 3.5}}
    assert _choose(edits) == [JUMPS, DOG]


def test_few_words_of_a_segment_are_changed() -> None:
    edits: dict[Edit, Evidence] = {Edit(at, at + 1, ("x",)): {"own": 4.0 + at} for at in (0, 2, 4, 6, 8)}
    assert [edit.start for edit in _choose(edits)] == [6, 8]


@pytest.mark.parametrize("model", ["tiny.en", "base", "another"])
def test_weights_are_there_for_every_set_of_witnesses(model: str) -> None:
    for others in (("second",), ("lm",), ("second", "lm")):
        found = weights_for(model, ("own", *others))
        assert found is not None
        assert found.safe >= found.most
        assert all(getattr(found, name) >= 0 for name in STRENGTHS)


def test_the_recognizer_alone_changes_nothing() -> None:
    assert weights_for("tiny.en", ("own",)) is None
