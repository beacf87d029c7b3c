"""`edgewise bench` on reports that were written."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bench.report import save
from tests.edge.bench.reports import report_of

from .conftest import Run


@pytest.fixture
def reports(tmp_path: Path) -> tuple[Path, Path]:
    """Two machines, the second of which takes twice as long."""
    paths = (tmp_path / "a.json", tmp_path / "b.json")
    save(paths[0], report_of([0.02, 0.0205]))
    save(paths[1], report_of([0.04, 0.041], cpu="CPU B"))
    return paths


def test_reports_are_verified_and_compared(run: Run, reports: tuple[Path, Path]) -> None:
    verified = run("bench", "verify", *reports)
    assert "a.json: whole, possible, valid, edgewise 1, CPU A; logits of tiny.en int8 unknown" in verified.out
    compared = run("bench", "compare", *reports)
    assert compared.status == 0
    assert "2.000" in compared.out
    assert "slower" in compared.out
    alone = run("bench", "compare", reports[0])
    assert "expected two reports or more" in alone.err


def test_a_page_is_made_of_a_folder(run: Run, reports: tuple[Path, Path], tmp_path: Path) -> None:
    outcome = run("bench", "page", tmp_path)
    assert outcome.status == 0
    assert "2 of 2 reports are in" in outcome.out
    assert "CPU B" in (tmp_path / "index.html").read_text(encoding="utf-8")
    elsewhere = run("bench", "page", tmp_path, "-o", tmp_path / "new" / "page.html")
    assert elsewhere.status == 0
    assert (tmp_path / "new" / "page.html").exists()


def test_a_changed_report_is_left_out_with_its_reason(run: Run, reports: tuple[Path, Path], tmp_path: Path) -> None:
    reports[1].write_text(reports[1].read_text(encoding="utf-8").replace("0.041", "0.001"), encoding="utf-8")
    outcome = run("bench", "page", tmp_path)
    assert "1 of 2 reports are in" in outcome.out
    assert "left out b.json: was changed after it was measured" in outcome.out
    assert run("bench", "verify", reports[1]).status == 1
