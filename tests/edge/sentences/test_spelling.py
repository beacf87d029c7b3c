"""How a listed word may be written."""

from __future__ import annotations

import pytest

pytest.importorskip("hassil")

from edge.sentences.spelling import Speller, bare


@pytest.fixture(scope="module")
def english() -> Speller:
    return Speller("en")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("light", {" light", " Light"}),
        ("tv", {" tv", " Tv", " TV"}),
        ("20", {" 20", " twenty", " Twenty"}),
        ("twenty", {" twenty", " 20"}),
        ("twenty five", {" twenty five", " twenty-five", " 25"}),
        ("25", {" 25", " twenty-five", " twenty five"}),
        ("50%", {" 50%", " 50 percent", " fifty percent"}),
        ("percent", {" percent", "%"}),
        ("1969", {" 1969", " nineteen sixty-nine", " one thousand nine hundred sixty-nine"}),
        ("20.5", {" 20.5"}),
        ("first", {" first", " 1st"}),
        ("twelfth", {" 12th"}),
        ("twenty second", {" 22nd"}),
        ("wi-fi", {" wi-fi", " Wi-Fi", " wifi", " wi fi"}),
    ],
)
def test_a_word_has_the_forms_that_whisper_writes(english: Speller, word: str, expected: set[str]) -> None:
    assert expected <= {*english.forms(word)}


def test_other_languages_have_their_numbers() -> None:
    assert " fünfundzwanzig" in Speller("de").forms("25")
    assert " 25" in Speller("de").forms("fünfundzwanzig")


def test_a_language_without_known_numbers_has_figures() -> None:
    assert Speller("xx").forms("25") == (" 25",)


def test_numbers_of_two_words_are_one(english: Speller) -> None:
    assert english.words("set twenty five percent now") == ["set", "twenty five", "percent", "now"]
    assert english.words("twenty ounces") == ["twenty", "ounces"]


def test_signs_and_capitals_do_not_count() -> None:
    assert bare("Turn on, the Lights: 20-ounce, 50%.") == "turnonthelights20ounce50percent"
