"""The user's dictionary: words, lines and tabs, and regular expressions that are hostile."""

from __future__ import annotations

import time

import pytest

from edge.errors import OptionError
from edge.written import Replacement, Writer, Written, WrittenOptions


def write(said: str, *rows: Replacement) -> Written:
    return Writer("en", WrittenOptions(off=["figures"], replacements=rows)).write(said)


def test_words_are_replaced_whole_and_in_any_case() -> None:
    row = Replacement("git hub", "GitHub")
    assert write("Git  Hub and git hubs", row).text == "GitHub and git hubs"


def test_the_longest_phrase_goes_first_and_none_twice() -> None:
    rows = (Replacement("new york", "NY"), Replacement("new york times", "NYT"), Replacement("NYT", "no"))
    assert write("the new york times", *rows).text == "the NYT"


def test_lines_and_tabs_eat_the_blanks_around_them() -> None:
    rows = (Replacement("next row", r"\n"), Replacement("column", r"\t"), Replacement("new bullet", r"\n- "))
    assert write("a next row b column c new bullet d", *rows).text == "a\nb\tc\n- d"


def test_a_backslash_can_be_written() -> None:
    assert write("back slash", Replacement("back slash", r"\\n")).text == r"\n"


def test_a_regular_expression_names_its_groups() -> None:
    pytest.importorskip("regex")
    done = write("n squared plus M squared", Replacement(r"(\w+) squared", r"\1²", regex=True))
    assert done.text == "n² plus M²"
    assert done.said == "n squared plus M squared"


def test_a_regular_expression_that_finds_nothing_between_letters_is_made() -> None:
    pytest.importorskip("regex")
    assert write("ab", Replacement("x*", "-", regex=True)).text == "-a-b-"


@pytest.mark.parametrize(
    ("heard", "written", "message"),
    [
        ("(", "", "missing"),
        ("a", r"\2", "invalid group reference"),
        ("((a{99}){999}){999}", "", "multiply to over 10000"),
        ("[z-a]", "", "bad character range"),
    ],
)
def test_what_is_no_regular_expression_is_refused_at_once(heard: str, written: str, message: str) -> None:
    pytest.importorskip("regex")
    with pytest.raises(OptionError, match=message):
        write("a", Replacement(heard, written, regex=True))


@pytest.mark.parametrize("heard", [r"(((a+)+)+)+$", r"(a|aa)+$"])
def test_a_regular_expression_that_would_take_forever_is_left_out(heard: str) -> None:
    pytest.importorskip("regex")
    rows = [Replacement(heard, "x", regex=True), Replacement("b", "c")]
    writer = Writer("en", WrittenOptions(off=["figures"], replacements=rows))
    said = "a" * 200 + "! b ?"
    began = time.perf_counter()
    done = writer.write(said)
    assert time.perf_counter() - began < 5  # 50 ms, and what a busy machine adds
    assert done.text == "a" * 200 + "! c ?"
    assert "took longer than 50 ms" in done.notes[0]
    assert writer.write(said).notes == ()


def test_a_replacement_has_something_to_hear() -> None:
    with pytest.raises(OptionError, match="nothing that is heard"):
        Replacement("  ", "x")
