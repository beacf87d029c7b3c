"""The reports of machines among the documents are whole, valid and possible."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bench.markdown import as_markdown
from edge.bench.report import compare, read_report

from .markdown import ROOT

FOLDER = ROOT / "docs" / "boards"
REPORTS = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: str(path.stem))
def test_a_report_is_one_that_others_can_compare(path: Path) -> None:
    report = read_report(path)
    assert report["verdict"]["kind"] == "valid"
    assert report["check"]["is_right"]
    assert report["words"]
    assert "wrong" not in [model["proof"] for model in report["models"]]
    assert path.with_suffix(".md").read_text(encoding="utf-8") == as_markdown(report)


def test_reports_of_one_machine_are_the_same() -> None:
    one, other = map(read_report, REPORTS)
    assert {ratio.word for ratio in compare(one, other)} == {"the same"}


def test_nothing_else_lies_there() -> None:
    known = {"README.md", *(path.name for path in REPORTS)}
    known |= {path.with_suffix(".md").name for path in REPORTS}
    assert {path.name for path in FOLDER.iterdir()} == known
