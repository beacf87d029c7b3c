"""The decision whether a sentence was meant, by the weights of each model."""

from __future__ import annotations

import pytest

from edge.sentences.decide import Evidence, evidence_of, is_meant, weights_of


@pytest.mark.parametrize("model", ["tiny.en", "base", "small.en"])
def test_what_is_read_so_is_meant_and_what_is_unlike_it_is_not(model: str) -> None:
    weights = weights_of(model)
    assert is_meant(evidence_of(-2.0, 5, "make me a coffee", -1.5, "Make me a coffee?"), weights)
    assert not is_meant(evidence_of(-30.0, 5, "make me a coffee", -1.5, "She had your dark suit"), weights)


def test_a_model_without_weights_has_those_of_tiny() -> None:
    assert weights_of("small.en") == weights_of("tiny.en") != weights_of("base")


def test_strictness_asks_for_more() -> None:
    weights, evidence = weights_of("base"), Evidence(margin=-0.5, likeness=0.6, length=0.1)
    assert is_meant(evidence, weights, -5)
    assert not is_meant(evidence, weights, 5)
