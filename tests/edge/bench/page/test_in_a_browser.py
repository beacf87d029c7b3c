"""The page in a real browser, opened from a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bench.page.build import find_reports, write_page
from edge.bench.report import save
from tests.edge.bench.reports import cell_of, report_of
from tests.edge.serve.browser import PROGRAM, Page, browsing

pytestmark = [pytest.mark.slow, pytest.mark.loopback]
SPEEDS = "[...document.querySelectorAll('tbody tr')].map((row) => row.cells[9].textContent)"
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if PROGRAM is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    folder = tmp_path_factory.mktemp("reports")
    for name, time_s in (("Slow Board 4 Model B Rev 1.5 with a rather long name", 0.4), ("Quick", 0.02)):
        cells = [
            cell_of([time_s, time_s * 1.1]),
            cell_of([time_s / 1.5], threads=2),
            cell_of([time_s], audio_s=3.0, clip="jfk 3 s"),
        ]
        save(folder / f"{name}.json", report_of([], cpu=name, cells=cells))
    write_page(find_reports(folder), folder / "index.html")
    with browsing(folder / "profile") as browser, browser.tab() as opened:
        opened.open((folder / "index.html").as_uri())
        yield opened


def _press(page: Page, column: int) -> list[float]:
    page.get(f"document.querySelectorAll('th button')[{column}].click()")
    return [float(text) for text in page.get(SPEEDS)]


def test_a_click_sorts_by_number_and_another_one_the_other_way(page: Page) -> None:
    rising = _press(page, 9)
    assert rising == sorted(rising)
    assert len(rising) == 6
    assert page.get("document.querySelectorAll('th')[9].ariaSort") == "ascending"
    falling = _press(page, 9)
    assert falling == sorted(rising, reverse=True)
    _press(page, 0)
    assert page.get("document.querySelector('tbody td').textContent") == "Quick"


def test_keys_sort_as_well(page: Page) -> None:
    page.get("document.querySelectorAll('th button')[7].focus()")
    page.key("Enter", "\r")
    assert page.get("document.querySelectorAll('th')[7].ariaSort") == "ascending"


@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_a_phone_and_a_desktop_light_and_dark(page: Page, width: int, tmp_path: Path) -> None:
    backgrounds = set()
    for dark in (False, True):
        page.look(width, 800, dark=dark)
        assert not page.get(TOO_WIDE)
        backgrounds.add(page.get(BACKGROUND))
    assert len(backgrounds) == 2
    letters = "document.querySelector('svg text').getBoundingClientRect().height"
    assert page.get(letters) >= 10  # pixels, and so it can be read
    ends = "[...document.querySelectorAll('svg text')].map((one) => one.getBBox()).map((box) => box.x + box.width)"
    assert max(page.get(ends)) <= 360


def test_the_browser_has_nothing_to_complain_of(page: Page) -> None:
    assert page.console == []
    assert page.get("document.querySelectorAll('figure svg .bar').length") == 6
