"""Tokens to words, with their signs, in all scripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.whisper.tokens import Tokenizer
from edge.whisper.words.pieces import group_words


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("", "en", []),
        (" ask not what", "en", [" ask", " not", " what"]),
        (' "Ask," he said; "don\'t!"', "en", [' "Ask,"', " he", " said;", ' "don\'t!"']),
        (" it's $5.50 - well-known... (no?) 3%", "en", [" it's", " $5.50", " - well-known...", " (no?)", " 3%"]),
        (" wait ... what", "en", [" wait ...", " what"]),
        (" ...", "en", [" ..."]),
        (" ♪ la ♪", "en", [" ♪ la ♪"]),
        (" ¿Qué tal? — Bien.", "es", [" ¿Qué", " tal?", " — Bien."]),
        (" ünï 世界 ok\n", "de", [" ünï", " 世界", " ok\n"]),
        ("你好，世。「界」", "zh", ["你", "好，", "世。", "「界」"]),  # noqa: RUF001
        ("有OK 15个", "zh", ["有", "OK", " 15", "个"]),
        ("สวั", "th", ["ส", "วั"]),
    ],
)
def test_words(multilingual: Tokenizer, text: str, language: str, words: list[str]) -> None:
    found = group_words(multilingual.encode(text), multilingual, language)
    assert [word.text for word in found] == words


def test_signs_are_not_spoken(english: Tokenizer) -> None:
    tokens = english.encode(' "ask..." ...')
    (word,) = group_words(tokens, english, "en")
    assert (word.first, word.stop) == (0, len(tokens))
    assert english.decode(tokens[word.spoken_first : word.spoken_stop]) == "ask"
    (sign,) = group_words(english.encode(" ?"), english, "en")
    assert (sign.spoken_first, sign.spoken_stop) == (sign.first, sign.stop)


@given(data=st.data(), language=st.sampled_from(["en", "zh", None]))
def test_words_joined_are_the_text_and_hold_every_token(
    multilingual: Tokenizer, data: st.DataObject, language: str | None
) -> None:
    tokens = data.draw(st.lists(st.integers(0, 700), max_size=30))  # bytes and prefixes: characters in pieces
    found = group_words(tokens, multilingual, language)
    assert "".join(word.text for word in found) == multilingual.decode(tokens)
    edges = [0, *(word.stop for word in found)]
    assert [word.first for word in found] == edges[:-1]
    assert edges[-1] == len(tokens)
    assert all(word.first <= word.spoken_first < word.spoken_stop <= word.stop for word in found)
