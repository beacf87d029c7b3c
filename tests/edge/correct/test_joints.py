from __future__ import annotations

from collections.abc import Sequence

import pytest

from edge.correct.joints import Joint, mend


class Likes:
    """A language model that likes texts with some words in them, by so many nats."""

    def __init__(self, **nats: float) -> None:
        self._nats = {words.replace("_", " "): one for words, one in nats.items()}
        self.asked: list[str] = []

    def score(self, texts: Sequence[str]) -> Sequence[float]:
        self.asked += texts
        return [sum(nats for words, nats in self._nats.items() if words in text) for text in texts]


def test_a_sentence_that_goes_on_loses_its_full_stop_and_capital() -> None:
    model = Likes(garden_where=4.0)
    assert mend(" In the garden.", " Where she sat.", model) == Joint("", "where", 4.0)
    assert model.asked == [
        "In the garden. Where she sat.",
        "In the garden where she sat.",
        "In the garden Where she sat.",
        "In the garden, where she sat.",
        "In the garden, Where she sat.",
    ]


@pytest.mark.parametrize(("nats", "changes"), [(1.0, False), (1.1, True)])
def test_what_was_read_stays_unless_another_way_is_clearly_likelier(nats: float, changes: bool) -> None:
    assert (mend("In the garden.", "Where she sat.", Likes(garden_where=nats)) is not None) is changes


@pytest.mark.parametrize(
    ("behind", "first"), [("I went", "I"), ("I'm here", "I'm"), ("NASA said", "NASA"), ("A tree", "a"), ("It is", "it")]
)
def test_a_word_that_is_always_large_stays_so(behind: str, first: str) -> None:
    model = Likes()
    mend("In the garden.", behind, model)
    assert {text.split()[3] for text in model.asked} == {behind.split()[0], first}


def test_the_model_sees_no_more_than_it_needs() -> None:
    model = Likes()
    mend(" ".join(["far"] * 100) + " near.", " ".join(["behind"] * 20), model)
    assert {len(text.split()) for text in model.asked} == {47}


@pytest.mark.parametrize(("before", "behind"), [("", "Where"), ("In.", " "), ("...", "Where")])
def test_nothing_is_joined_to_nothing(before: str, behind: str) -> None:
    assert mend(before, behind, Likes()) is None
