"""The whole measurement, with a real model and few rounds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import edge
from edge.bench.burst import Pace
from edge.bench.measure import Plan, measure
from edge.bench.report import read_report, save
from edge.bench.spoken import Spoken, read_samples_of
from edge.progress import silent

pytestmark = pytest.mark.slow


def test_a_report_holds_all_of_it(tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path) -> None:
    model = edge.load(tiny_en_int8, threads=1, offline=True)
    clip = read_samples_of(jfk_clip)
    spoken = [Spoken("a", "AND SO MY FELLOW AMERICANS", clip[: 3 * 16000])]
    plan = Plan(Pace(1, 0.0), n_words=1, n_live=1, n_language=0, is_long=True, sustained_s=0.05)
    result = measure([(1, model)], clip, spoken, plan, "edgewise bench", silent)
    save(tmp_path / "a.json", result)
    assert read_report(tmp_path / "a.json") == json.loads(json.dumps(result))  # whole, and possible
    assert result["check"]["is_right"]
    assert [cell["clip"] for cell in result["cells"]] == ["jfk", "jfk 3 s", "jfk 8 s", "chapter 30 s", "chapter"]
    assert result["words"][0]["words"] == (5,)
    assert result["live"][0]["final_late_s"]
    assert result["starts"][0]["first_s"] > 0
    assert result["sustained"]["times_s"]
