from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.bench.report import compare, read_report, save
from edge.bench.result_file import ResultError
from tests.edge.bench.reports import report_of


def test_a_report_is_read_as_it_was_saved(tmp_path: Path) -> None:
    result = report_of([0.02, 0.021, 0.022])
    beside = save(tmp_path / "new" / "board.json", result)
    assert read_report(tmp_path / "new" / "board.json") == json.loads(json.dumps(result))
    assert "| tiny.en | int8" in beside.read_text(encoding="utf-8")


def test_a_changed_time_breaks_the_seal(tmp_path: Path) -> None:
    file = tmp_path / "board.json"
    save(file, report_of([0.02, 0.021]))
    file.write_text(file.read_text(encoding="utf-8").replace("0.021", "0.001"), encoding="utf-8")
    with pytest.raises(ResultError, match="seal does not fit"):
        read_report(file)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"cells": []}, "no cells"),
        ({"cells": [{"model": "x", "audio_s": 3.0, "times_s": []}]}, "without times"),
        ({"cells": [{"model": "x", "audio_s": 3.0, "times_s": [1e-9]}]}, "no processor can"),
        ({"cells": [{"model": "x", "audio_s": 3.0, "times_s": ["fast"]}]}, "lacks what"),
        ({"cells": 3}, "lacks what"),
        ({"check": {"text": " "}}, "without words"),
        ({"check": None}, "lacks what"),
    ],
)
def test_what_nobody_can_have_measured_is_refused_though_it_is_sealed(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    file = tmp_path / "board.json"
    file.write_text(json.dumps(report_of([0.02], **changes)), encoding="utf-8")
    with pytest.raises(ResultError, match=complaint):
        read_report(file)


def test_a_report_of_twice_the_time_has_a_ratio_of_two() -> None:
    (ratio,) = compare(report_of([0.02, 0.021, 0.019]), report_of([0.04, 0.042, 0.038]))
    assert ratio.ratio == pytest.approx(2.0)
    assert ratio.low <= 2.0 <= ratio.high


def test_equal_machines_compare_as_equal_within_the_interval() -> None:
    (ratio,) = compare(report_of([0.020, 0.021, 0.022, 0.020]), report_of([0.021, 0.020, 0.020, 0.022]))
    assert ratio.low <= 1.0 <= ratio.high


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"audio": {"name": "jfk", "seconds": 11.0, "sha256": "z"}}, "different recordings"),
        ({"models": [{"name": "tiny.en int8", "sha256": "z"}]}, "weights of tiny.en int8 differ"),
        ({"verdict": {"kind": "busy", "reasons": ["other work took 40%"]}}, "busy .other work took 40%"),
        ({"cells": [{"model": "x", "precision": "int8", "threads": 1, "audio_s": 3.0, "times_s": [1]}]}, "in common"),
    ],
)
def test_reports_that_tell_nothing_of_each_other_are_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ResultError, match=complaint):
        compare(report_of([0.02]), report_of([0.02], **changes))


def test_all_takes_reports_that_are_not_valid() -> None:
    busy = report_of([0.02], verdict={"kind": "busy", "reasons": []})
    assert compare(report_of([0.02]), busy, every=True)
