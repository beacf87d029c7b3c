"""What a terminal, a spreadsheet or a reader of lines would obey."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.harmless import cell, harmless, harmless_json, on_one_line, without_controls
from edge.transcript.lines import flat

OBEYED = [
    *map(chr, (*range(9), *range(0x0B, 0x20), *range(0x7F, 0xA0))),
    *map(chr, (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xD800, 0xDCE9)),
]


@pytest.mark.parametrize("character", OBEYED, ids=ascii)
def test_what_a_terminal_obeys_becomes_an_escape(character: str) -> None:
    shown = harmless(f"a{character}b")
    assert shown.isascii()
    assert shown.isprintable()
    assert shown.startswith("a\\")
    assert json.loads(f'"{harmless_json(character)}"') == character
    assert harmless_json(character).isascii()


@pytest.mark.parametrize("text", ["a\tb\nc", "größer — 漢字 👩‍👩‍👧 naïve", "שלום\u200f!", "\u00a0€"])
def test_words_stay(text: str) -> None:
    assert harmless(text) == text
    assert harmless_json(text) == text


def test_a_window_is_not_renamed() -> None:
    assert harmless("x\x1b]2;pwned\x07y\x9b2J") == "x\\x1b]2;pwned\\x07y\\x9b2J"


@given(st.text())
def test_one_line_is_one_for_every_reader(text: str) -> None:
    assert len(f"{on_one_line(text)}.".splitlines()) == 1
    assert len(f"{flat(text)}.".splitlines()) == 1


@given(st.text())
def test_nothing_but_controls_is_left_out(text: str) -> None:
    kept = "".join(each for each in text if unicodedata.category(each) != "Cc" or each.isspace())
    assert without_controls(text) == kept


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", "\uff0b1"])
def test_a_formula_is_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "'=1", " =1", "1-1"])
def test_other_cells_stay(text: str) -> None:
    assert cell(text) == text
