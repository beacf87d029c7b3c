"""Wrapping: every letter is kept, no line is too wide, and lines break where readers expect it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.harmless import without_controls
from edge.transcript.lines import clusters, fill, flat, width, wrap

FAMILY = "👩‍👩‍👧‍👦"


def letters(text: str) -> str:
    return "".join(without_controls(text).split())


@given(st.text(), st.integers(1, 50))
@example("0\u00a00", 1)
@example("漢\u00a0漢", 2)
def test_wrapping_keeps_every_letter_and_the_width(text: str, max_width: int) -> None:
    lines = wrap(text, max_width)
    assert letters("".join(lines)) == letters(text)
    for line in lines:
        assert line == flat(line) != ""
        assert width(line) <= max_width or len(clusters(line)) == 1


@given(st.lists(st.text("abc", min_size=1, max_size=6), max_size=12), st.integers(6, 30))
def test_lines_are_as_few_as_can_be(words: list[str], max_width: int) -> None:
    n_greedy = used = 0
    for word in words:
        if n_greedy and used + 1 + len(word) <= max_width:
            used += 1 + len(word)
        else:
            n_greedy, used = n_greedy + 1, len(word)
    assert len(wrap(" ".join(words), max_width)) == n_greedy


@pytest.mark.parametrize(
    ("text", "max_width", "lines"),
    [
        ("", 10, []),
        (" \n\t ", 10, []),
        ("one  two\nthree", 100, ["one two three"]),
        ("the quick brown fox jumps over", 26, ["the quick brown", "fox jumps over"]),
        ("aaaaaaaaaa bb", 10, ["aaaaaaaaaa", "bb"]),
        ("abcdefghij k", 4, ["abcd", "efgh", "ij k"]),
        ("日本語字幕", 6, ["日本", "語字幕"]),
        ("日本語字、幕", 8, ["日本語", "字、幕"]),
        ("彼は「日本」と", 6, ["彼は", "「日", "本」と"]),
        ("안녕하세요 여러분", 12, ["안녕하세요", "여러분"]),
        ("naïve 日本 text", 9, ["naïve", "日本 text"]),
        ("prix : 5\u00a0€ ou", 8, ["prix :", "5\u00a0€ ou"]),
        (f"{FAMILY}{FAMILY}", 3, [FAMILY, FAMILY]),
        ("日本", 1, ["日", "本"]),
        ("שלום עולם טוב", 9, ["שלום", "עולם טוב"]),
    ],
)
def test_where_lines_break(text: str, max_width: int, lines: list[str]) -> None:
    assert wrap(text, max_width) == lines


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("abc", 3),
        ("日本", 4),
        ("ｶﾅ", 2),
        ("e\u0301", 1),
        (FAMILY, 2),
        ("🇩🇪🇫🇷", 4),
        ("👍🏽", 2),
        ("❤\ufe0f", 2),
        ("\u200f", 0),
    ],
)
def test_columns(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (f"a{FAMILY}b", ["a", FAMILY, "b"]),
        ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"]),
        ("e\u0301e", ["e\u0301", "e"]),
        ("\u1112\u1161\u11ab", ["\u1112\u1161\u11ab"]),
    ],
)
def test_what_a_reader_sees_as_one_character(text: str, parts: list[str]) -> None:
    assert clusters(text) == parts


@given(st.text(), st.integers(1, 50))
@example("0\u00a00", 1)
@example("漢\u00a0漢", 2)
def test_filling_keeps_every_letter_and_the_width(text: str, max_width: int) -> None:
    lines = fill(text, max_width)
    assert letters("".join(lines)) == letters(text)
    assert all(width(line) <= max_width or len(clusters(line)) == 1 for line in lines)


@given(st.lists(st.text("ab漢", min_size=1, max_size=6), min_size=1, max_size=12), st.integers(2, 30))
def test_filled_lines_stay_when_the_text_grows(words: list[str], max_width: int) -> None:
    lines = fill(" ".join(words[:-1]), max_width)
    assert fill(" ".join(words), max_width)[: max(0, len(lines) - 1)] == lines[:-1]


def test_filled_lines_are_full() -> None:
    assert fill("the quick brown fox jumps over", 26) == ["the quick brown fox jumps", "over"]
    assert fill("日本語字、幕", 8) == ["日本語", "字、幕"]
