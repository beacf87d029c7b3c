"""Which words of a transcript are right."""

from __future__ import annotations

import pytest

from benchmarks.words.matching import match_words

pytest.importorskip("whisper_normalizer")
pytest.importorskip("jiwer")


def judged(reference: str, *words: str, language: str = "en") -> list[bool | None]:
    return [match.correct for match in match_words(reference.split(), words, language)]


def test_right_and_wrong_words() -> None:
    right = judged("ask not what you do", " Ask", " naught", " what", " you,", " you", " do.")
    assert [right[0], right[1], right[2], right[5]] == [True, False, True, True]
    assert sorted(map(bool, right[3:5])) == [False, True]  # one of them is too many


def test_each_word_knows_its_place_in_the_reference() -> None:
    matches = match_words(["ask", "not", "what"], [" Ask", " what"], "en")
    assert [match.expected for match in matches] == [(0,), (2,)]


def test_what_normalizing_joins_or_splits_is_still_found() -> None:
    assert judged("he has 21 dogs", " He", " has", " twenty", " one", " dogs.") == [True] * 5
    assert judged("it is mister hale", " It's", " Mr.", " Hale") == [True] * 3
    assert judged("it is mister hale", " It's", " Mr.", " Pale") == [True, True, False]


def test_what_normalizing_drops_is_not_judged() -> None:
    assert judged("ask not", " Uh,", " ask", " not", " ...") == [None, True, True, None]


def test_letters_count_where_there_are_no_blanks() -> None:
    assert judged("你 好 世 界", "你好，", "世", "间", language="zh") == [True, True, False]  # noqa: RUF001


def test_nothing_against_nothing() -> None:
    assert judged("") == []
    assert judged("", " ask") == [False]
    assert judged("ask") == []
