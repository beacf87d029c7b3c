from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.bench.report import compare, read_report, save
from edge.bench.result_file import ResultError
from tests.edge.bench.reports import cell_of, report_of


def test_a_report_is_read_as_it_was_saved(tmp_path: Path) -> None:
    result = report_of([0.02, 0.021, 0.022])
    beside = save(tmp_path / "new" / "board.json", result)
    assert read_report(tmp_path / "new" / "board.json") == json.loads(json.dumps(result))
    told = beside.read_text(encoding="utf-8")
    for line in (
        "| tiny.en | int8",
        "tiny.en int8: 15.0 % (10.0 to 20.0) of 20 words wrong, librispeech-other",
        "tiny.en int8: 500 ms from a cold start to the first words, 120 MB of memory at most",
        "tiny.en int8, live: final 15/20/20 ms (p50/p95/p99) behind the 700 ms",
        "energy: not told",
        "logits of tiny.en int8: unknown",
    ):
        assert line in told


def test_all_that_may_be_missing_is_told_where_it_is_there(tmp_path: Path) -> None:
    language = {
        **{"model": "LM", "precision": "int8", "threads": 2, "n_bytes": 135, "n_read": 128, "n_written": 32},
        **{"read_s": [0.1], "written_s": [0.64]},
    }
    sustained = {
        **{"model": "tiny.en", "precision": "int8", "threads": 2, "audio_s": 30.0, "times_s": [0.5] * 4},
        **{"burst_rate": 60.0, "sustained_rate": 55.0},
    }
    energy = {"joules": 10.0, "audio_s": 100.0, "joules_per_audio_s": 0.1}
    told = save(tmp_path / "a.json", report_of([0.02], language=language, sustained=sustained, energy=energy))
    read_report(tmp_path / "a.json")
    for line in (
        "LM int8: 1280 tokens a second read, 50 written",
        "60 times as fast as speech at first, 55 later, over 2 s without a pause",
        "energy: 0.1 J a second of speech",
        "first words, 120 MB of memory at most, 12,000 pages of 4 KiB read from files, 300 from the disk",
    ):
        assert line in told.read_text(encoding="utf-8")


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
        ({"cells": [cell_of([])]}, "without times"),
        ({"cells": [cell_of([1e-9])]}, "at the measured peak, the encoder alone takes"),
        ({"cells": [{**cell_of([0.1]), "times_s": ["fast"]}]}, r"cells\[0\].times_s\[0\] is \"fast\"; expected number"),
        ({"cells": 3}, "cells is 3; expected array"),
        ({"check": {"text": " ", "is_right": True}}, "without words"),
        ({"check": None}, "check is null; expected object"),
        ({"extra": 1}, "'extra', which is not part of the format"),
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
    assert ratio.word == "slower"
    (other,) = compare(report_of([0.04, 0.042, 0.038]), report_of([0.02, 0.021, 0.019]))
    assert other.word == "faster"


def test_equal_machines_compare_as_equal_within_the_interval() -> None:
    (ratio,) = compare(report_of([0.020, 0.021, 0.022, 0.020]), report_of([0.021, 0.020, 0.020, 0.022]))
    assert ratio.low <= 1.0 <= ratio.high
    assert ratio.word == "the same"


def test_two_runs_of_one_machine_may_differ_by_five_percent() -> None:
    (ratio,) = compare(report_of([0.02] * 20), report_of([0.0209] * 20))
    assert ratio.word == "the same"
    (more,) = compare(report_of([0.02] * 20), report_of([0.0213] * 20))
    assert more.word == "slower"


def _with(**changes: Any) -> dict[str, Any]:
    """The model of the reports, with something else."""
    (model,) = report_of([0.02])["models"]
    return {"models": [{**model, **changes}]}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"audio": [{"name": "jfk 8 s", "seconds": 8.0, "sha256": "z"}]}, "different recordings"),
        (_with(sha256="z"), "weights of tiny.en int8 differ"),
        (_with(proof="wrong"), "the logits of tiny.en int8 are not those of its file"),
        ({"verdict": {"kind": "busy", "reasons": ["other work took 40%"]}}, "busy .other work took 40%"),
        ({"words": []}, "without the words of the set"),
        ({"check": {"text": "Sandwich", "is_right": False}}, "wrong words .Sandwich"),
        ({"cells": [cell_of([1.0], model="x")]}, "in common"),
    ],
)
def test_reports_that_tell_nothing_of_each_other_are_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ResultError, match=complaint):
        compare(report_of([0.02]), report_of([0.02], **changes))


def test_all_takes_reports_that_are_not_valid() -> None:
    busy = report_of([0.02], verdict={"kind": "busy", "reasons": []}, words=[])
    assert compare(report_of([0.02]), busy, every=True)
