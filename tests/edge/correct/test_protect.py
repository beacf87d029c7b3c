"""What is never changed."""

from __future__ import annotations

import pytest

from edge.correct.protect import is_protected, own_words


@pytest.mark.parametrize(
    "word",
    [
        "8",
        "Three,",
        "twenty-one",
        "3rd.",
        "B",
        "P-I-T-T",
        "NASA",
        "U.S.",
        "not",
        "Don't",
        "don\u2019t",
        "never",
        "-",
        "\u2014",
    ],
)
def test_numbers_letters_and_negations_are_protected_on_either_side(word: str) -> None:
    assert is_protected([word], ["fox"])
    assert is_protected(["fox"], ["a", word])


@pytest.mark.parametrize("word", ["fox", "A", "I'm", "note", "tenant", "Nastia", "onto"])
def test_other_words_are_not(word: str) -> None:
    assert not is_protected([word], ["dog"])


def test_words_of_the_vocabulary_are_protected() -> None:
    own = own_words(["San Francisco", "Makan"])
    assert is_protected(["my", "con"], ["Makan's"], own_words(["Makan's"]))
    assert is_protected(["francisco,"], ["Frisco"], own)
    assert not is_protected(["fox"], ["dog"], own)


def test_an_edit_without_words_is_none() -> None:
    assert is_protected([], [])
