from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.bench.page.build import find_reports, page_of, write_page
from edge.bench.report import save
from edge.bench.result_file import ResultError
from tests.edge.bench.reports import cell_of, report_of


def test_reports_that_are_not_valid_are_named_but_not_shown(tmp_path: Path) -> None:
    save(tmp_path / "a.json", report_of([0.02, 0.021]))
    save(tmp_path / "hot.json", report_of([0.05], cpu="Hot", verdict={"kind": "throttled", "reasons": ["it got hot"]}))
    save(tmp_path / "wrong.json", report_of([0.05], cpu="Wrong", check={"text": "Sandwich", "is_right": False}))
    (tmp_path / "broken.json").write_text("{}", encoding="utf-8")
    found = find_reports(tmp_path)
    assert [path.name for path in found.shown] == ["a.json"]
    page = page_of(found)
    for told in ("throttled: it got hot", "its words are wrong: Sandwich", "is not a result of this version"):
        assert told in page
    assert len(find_reports(tmp_path, every=True).shown) == 3


def test_a_folder_without_a_report_says_why(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="edgewise bench -o FILE"):
        find_reports(tmp_path)
    (tmp_path / "broken.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ResultError, match=r"broken\.json: is not a result"):
        find_reports(tmp_path)
    with pytest.raises(ResultError, match="No such file"):
        find_reports(tmp_path / "nowhere")


def test_what_a_report_says_is_no_part_of_the_page(tmp_path: Path) -> None:
    evil = '"><script>alert(1)</script>@rows@\x1b[2J'
    save(tmp_path / "evil.json", report_of([0.02], cpu=evil, level=evil, version=evil))
    write_page(find_reports(tmp_path), tmp_path / "out" / "index.html")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert page.count("<script") == 1
    assert "\x1b" not in page
    assert "@rows@" in page  # the words of the report, in which nothing is filled in


def test_two_reports_of_one_machine_are_told_apart_and_nothing_is_fetched(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save(tmp_path / f"{name}.json", report_of([0.02], cells=[cell_of([0.02]), cell_of([0.03], threads=2)]))
    page = page_of(find_reports(tmp_path))
    assert "CPU A (one)" in page
    assert "CPU A (two)" in page
    assert re.findall(r"https?:|src=|href=|url\(", page) == []
    assert "default-src 'none'" in page
