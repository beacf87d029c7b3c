"""Properties of all rules at once, on texts made of words that rules are about."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.written import LANGUAGES, Writer, WrittenOptions

pytest.importorskip("text_to_num")

WORDS = {
    "en": """
        one two five ten twenty eighty nineteen hundred thousand million first second third oh point and a the
        in at half past quarter to percent dollars cents euros May March um uh comma full stop new line dot
        com john gmail o'clock p m am double plus no of word I cats 25 3.5 $5 seventy-five scratch that
        kilometers
    """,
    "de": """
        ein eine zwei fünf zehn zwanzig achtzig hundert tausend Millionen dritten erste null Komma Punkt und
        der im um halb viertel nach vor Uhr Prozent Euro Cent Mai äh neue Zeile at web de plus Hunde 25 3,5
        neunzehnhundertachtzig Meter bis zwischen Absatz
    """,
    "fr": """
        un une deux cinq dix vingt quatre-vingt cent mille millions premier troisième zéro virgule point et le
        en à heures demie quart moins pour euros centimes mai euh la ligne arobase com plus chats 25 3,5
        mètres entre d'euros
    """,
    "es": """
        un una uno dos cinco diez veinte ochenta cien mil millones primero tercera cero coma punto y el en a
        las media cuarto menos por ciento euros con mayo eh nueva línea arroba com más gatos 25 3,5 metros
        entre de siglo
    """,
}

SIGNS = st.sampled_from([" ", " ", " ", " ", ", ", ". ", "? ", "-", "  ", "\n"])


def texts(language: str) -> st.SearchStrategy[str]:
    part = st.tuples(st.sampled_from(WORDS[language].split()), SIGNS)
    return st.lists(part, max_size=14).map(lambda parts: "".join(word + sign for word, sign in parts).rstrip(" "))


PLAIN = {language: Writer(language) for language in LANGUAGES}
FULL = {
    language: Writer(language, WrittenOptions(commands=True, punctuation="anywhere", spelling="en-GB"))
    for language in LANGUAGES
}


@settings(deadline=None, max_examples=300)
@given(st.data(), st.sampled_from(LANGUAGES), st.none() | st.sampled_from(["", "I said", "Yes. ", 'He "']))
def test_all_changes_can_be_taken_back(data: st.DataObject, language: str, before: str | None) -> None:
    said = data.draw(texts(language))
    done = FULL[language].write(said, before)
    assert done.said == said
    for change in done.changes:
        assert change.before != change.after


@settings(deadline=None, max_examples=600)
@given(st.data(), st.sampled_from(LANGUAGES))
def test_what_is_written_is_written_the_same_again(data: st.DataObject, language: str) -> None:
    once = PLAIN[language].write(data.draw(texts(language))).text
    assert PLAIN[language].write(once).text == once


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=80), st.sampled_from(LANGUAGES), st.none() | st.text(max_size=10))
def test_any_text_goes_through_and_back(said: str, language: str, before: str | None) -> None:
    assert FULL[language].write(said, before).said == said


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[b-df-hj-np-tv-z]{4,9}", fullmatch=True), max_size=12), st.sampled_from(LANGUAGES))
def test_words_that_no_rule_knows_stay(words: list[str], language: str) -> None:
    said = " ".join(words)
    assert FULL[language].write(said).text == said


@settings(deadline=None, max_examples=200)
@given(st.data(), st.sampled_from(LANGUAGES))
def test_the_same_text_is_written_the_same_way(data: st.DataObject, language: str) -> None:
    said = data.draw(texts(language))
    again = Writer(language, FULL[language].options)
    assert again.write(said) == FULL[language].write(said)
