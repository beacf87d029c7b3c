"""The lines at the bottom of a terminal, on a model of one."""

from __future__ import annotations

from os import terminal_size

from hypothesis import given
from hypothesis import strategies as st

from edge.cli.live.layout import DIM, Line, Span, final_lines
from edge.cli.live.region import Region

from .screen import Screen

LINES = st.lists(st.text("ab漢", max_size=19).map(lambda text: (Span(text),)), max_size=5)


def region_on(screen: Screen, *, styled: bool = True) -> Region:
    return Region(screen.write, lambda: screen.size, styled=styled)


@given(st.lists(st.tuples(LINES, LINES), max_size=8))
def test_what_is_said_scrolls_and_what_is_drawn_is_replaced(steps: list[tuple[list[Line], list[Line]]]) -> None:
    screen = Screen()
    region = region_on(screen)
    said: list[str] = []
    for lines, above in steps:
        region.draw(lines, above=above)
        said += [line[0].text for line in above]
        assert screen.text == [*said, *([line[0].text for line in lines] or [""])]
    region.erase()
    assert screen.text == [*said, ""]


def test_nothing_is_written_where_nothing_changes() -> None:
    written: list[str] = []
    region = Region(written.append, lambda: terminal_size((40, 8)), styled=True)
    region.draw([(Span("a"),)])
    region.draw([(Span("a"),)])
    region.erase()
    region.erase()
    assert len(written) == 2


def test_styles_are_left_out_where_they_are_not_wanted() -> None:
    for styled, dim in ((True, "b"), (False, "")):
        screen = Screen()
        region_on(screen, styled=styled).draw([(Span("a"), Span("b", DIM))])
        assert (screen.text, screen.dim) == (["ab"], dim)


def test_a_terminal_that_became_narrower_has_broken_the_lines() -> None:
    written: list[str] = []
    columns = 41
    region = Region(written.append, lambda: terminal_size((columns, 8)), styled=True)
    region.draw([*final_lines("a" * 40, 40), (Span("b"),)])
    columns = 21
    region.draw([(Span("c"),)])
    assert written[-1].startswith("\r\x1b[2A")  # 40 columns are two rows now, and the line below is a third


def test_there_is_always_a_column_and_a_row() -> None:
    region = Region(lambda text: None, lambda: terminal_size((0, 0)), styled=True)
    assert (region.columns, region.rows) == (1, 1)
