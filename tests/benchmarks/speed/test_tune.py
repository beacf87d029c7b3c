from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.speed.tune import verdict, verdicts_table
from edge.bench.result_file import make_result, write_result
from edge.machine import describe_machine
from edge.tune.candidates import Candidate
from edge.tune.race import Budget, Outcome, Run, Standing

_QUICK, _SLOW = Candidate("a", "int8", 1), Candidate("b", "int8", 1)
_FOUND = {_QUICK: [Run(1.0, 3), Run(1.0, 3)], _SLOW: [Run(1.5, 1), Run(1.5, 1)]}


def _won(one: Candidate | None) -> Outcome:
    return Outcome(None if one is None else Standing(one), (), 3)


def test_a_winner_is_judged_by_all_runs() -> None:
    right = verdict(_FOUND, 40, Budget(error_rate=0.1), _won(_SLOW), 3)
    assert (right.best, right.slower, right.keeps_budget, right.n_all) == (str(_SLOW), 1.0, True, 6)
    wrong = verdict(_FOUND, 40, Budget(error_rate=0.1), _won(_QUICK), 3)
    assert not wrong.keeps_budget
    late = verdict(_FOUND, 40, Budget(error_rate=0.2), _won(_SLOW), 3)
    assert late.slower == 1.5
    none = verdict(_FOUND, 40, Budget(error_rate=0.01), _won(None), 3)
    assert (none.best, none.found, none.slower) == (None, None, None)
    told = verdicts_table([right, wrong, late, none])
    assert "| the same " in told
    assert "50.0%" in told
    assert [one.is_right for one in (right, wrong, late, none)] == [True, False, False, True]


def _keep(path: Path) -> dict[str, Any]:
    found = {_QUICK: [Run(1.0 + n / 100, 4) for n in range(40)], _SLOW: [Run(2.0 + n / 100, 1) for n in range(40)]}
    kept = make_result(
        "tune",
        describe_machine(),
        settings={"level": "avx2", "clock": "processor"},
        recordings=[{"seconds": 5.0, "words": 20}] * 40,
        ways=[{"way": asdict(one), "runs": [asdict(run) for run in runs]} for one, runs in found.items()],
        results=[],
    )
    write_result(path, kept)
    return kept


def test_a_race_is_replayed_on_kept_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = _keep(tmp_path / "all.json")
    out = str(tmp_path / "replayed.json")
    assert main(["tune", "--replay", str(tmp_path / "all.json"), "--errors", "10,30", "--json", out]) == 0
    told = capsys.readouterr().out
    assert "kernels avx2, processor time, replayed" in told
    replayed = json.loads(Path(out).read_text(encoding="utf-8"))
    assert [one["found"] for one in replayed["results"]] == [str(_SLOW), str(_QUICK)]
    assert all(one["slower"] == 1 and one["n_runs"] < one["n_all"] == 82 for one in replayed["results"])
    assert all(one["time_share"] < 1 for one in replayed["results"])
    assert replayed["ways"] == json.loads(json.dumps(kept))["ways"]


def test_searches_of_other_ways_are_put_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = _keep(tmp_path / "one.json")
    two = [{**one, "way": {**one["way"], "threads": 2}} for one in kept["ways"]]
    write_result(tmp_path / "two.json", {**kept, "ways": two})
    files = [str(tmp_path / "one.json"), str(tmp_path / "two.json")]
    assert main(["tune", "--replay", *files, "--errors", "30"]) == 0
    assert "of 164 " in capsys.readouterr().out
    write_result(tmp_path / "two.json", {**kept, "recordings": kept["recordings"][1:]})
    assert main(["tune", "--replay", *files]) != 0
    assert "is of other recordings" in capsys.readouterr().err


def test_what_is_no_kept_search_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_result(tmp_path / "other.json", make_result("words", describe_machine()))
    assert main(["tune", "--replay", str(tmp_path / "other.json")]) != 0
    assert "holds 'words'; expected what" in capsys.readouterr().err


def test_races_in_several_orders_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _keep(tmp_path / "all.json")
    assert main(["tune", "--replay", str(tmp_path / "all.json"), "--errors", "10,30", "--orders", "5"]) == 0
    assert capsys.readouterr().out.count("5 of 5") == 2
