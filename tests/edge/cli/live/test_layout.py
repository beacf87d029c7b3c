"""Lines of live text fit the terminal, whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.cli.live.layout import DIM, Span, clock, final_lines, meter, paint, partial_lines, status_line, width_of
from edge.harmless import harmless
from edge.transcript.lines import clusters, flat

HOSTILE = st.text() | st.text("ab 漢\x1b\u202e\n👩‍👧é", max_size=40)


def letters(text: str) -> str:
    return "".join(harmless(flat(text)).split())


@given(HOSTILE, st.integers(0, 50), st.integers(1, 30))
@example(" one two", 4, 3)
@example("漢字 漢字", 3, 5)
def test_partial_text_is_whole_and_firm_as_far_as_it_is_stable(text: str, n_stable: int, columns: int) -> None:
    lines = partial_lines(text, n_stable, columns, 1000)
    assert letters(text) == "".join("".join(span.text for line in lines for span in line).split())
    firm = "".join(span.text for line in lines for span in line if span.style != DIM)
    assert "".join(firm.split()) == letters(text[:n_stable])
    for line in lines:
        assert width_of(line) <= columns or len(clusters("".join(span.text for span in line))) == 1


def test_of_more_lines_than_there_is_room_for_the_last_are_shown() -> None:
    assert partial_lines(" one two three", 8, 5, 2) == [(Span("two"),), (Span("three", DIM),)]
    assert partial_lines(" one", 0, 5, 0) == []
    assert partial_lines("", 0, 5, 2) == []


@given(HOSTILE, st.integers(1, 30))
def test_a_terminal_finds_nothing_to_obey(text: str, columns: int) -> None:
    lines = [*final_lines(text, columns), *partial_lines(text, 3, columns, 9), status_line([Span(text)], columns)]
    shown = "".join(paint(line, styled=False) for line in lines)
    assert shown == harmless(shown)
    assert "\n" not in shown


@given(st.lists(HOSTILE, max_size=4), st.integers(1, 30))
def test_the_status_is_cut_to_the_line(parts: list[str], columns: int) -> None:
    line = status_line([Span(part) for part in parts], columns)
    assert width_of(line) <= columns


def test_the_status_is_as_said() -> None:
    parts = [Span("speech"), Span(""), Span(meter(-30)), Span("0:09"), Span("漢字", DIM)]
    assert paint(status_line(parts, 80), styled=False) == "speech  [########........]  0:09  漢字"
    assert paint(status_line(parts, 37), styled=False) == "speech  [########........]  0:09  漢"
    assert paint((Span("a"), Span("b", DIM)), styled=True) == "a\x1b[2mb\x1b[0m"


@pytest.mark.parametrize(("level_db", "n_filled"), [(-200, 0), (-60, 0), (-59, 1), (-30, 8), (0, 16), (20, 16)])
def test_the_meter(level_db: float, n_filled: int) -> None:
    assert meter(level_db) == f"[{'#' * n_filled}{'.' * (16 - n_filled)}]"


@pytest.mark.parametrize(("seconds", "words"), [(0, "0:00"), (9.99, "0:09"), (61, "1:01"), (3723, "1:02:03")])
def test_the_clock(seconds: float, words: str) -> None:
    assert clock(seconds) == words
