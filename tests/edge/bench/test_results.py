"""Statistics of a run, and which differences between two runs are told."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from edge.bench.compare import compare, error_change, speed_change
from edge.bench.engine_tables import asr_table
from edge.bench.result_file import ResultError
from edge.bench.results import EngineResult, UtteranceResult, by_speed, summarize
from edge.bench.scoring import Errors
from edge.bench.tables import table


def _result(engine: str, factor: float, edits: int = 1, n: int = 20) -> EngineResult:
    """Recordings of 0.1 to 2 s of work at 10 s of audio, two passes that differ by 1 %."""
    utterances = tuple(
        UtteranceResult(
            name=f"{number}.flac",
            audio_s=10.0,
            seconds=(factor * 0.1 * number, factor * 0.101 * number),
            text="",
            errors=Errors(words=10, substitutions=edits),
        )
        for number in range(1, n + 1)
    )
    return EngineResult(engine, "int8", f"{engine}:int8", "tiny.en", "some_set", 1.0, 0.5, 100.0, utterances)


def _write(path: Path, *results: EngineResult, **settings: Any) -> Path:
    rows = [asdict(one) | {"summary": asdict(summarize(one))} for one in results]
    sets = {"some_set": {"manifest_sha256": "0", "recordings": 20}}
    facts = {"sets": sets, "threads": 2, "beam": 1, "timestamps": False}
    machine = {"cpu": "some", "cores": 2, "governor": None}
    file = {"kind": "asr", "format": 2, "machine": machine, "settings": facts | settings, "results": rows}
    path.write_text(json.dumps(file), encoding="utf-8")
    return path


def test_summary_of_known_times() -> None:
    peer = _result("faster-whisper", 2.0)
    summary = summarize(_result("edgewise", 1.0, edits=2), [peer])
    assert summary.mean_ms == pytest.approx(1055.25)
    assert summary.median_ms == pytest.approx(1055.25)
    assert summary.real_time_factor == pytest.approx(0.105525)
    assert summary.pass_spread == pytest.approx(0.01 / 1.005)
    assert summary.word_error_rate == pytest.approx(0.2)
    assert summary.ratio is not None
    assert summary.ratio.to == "faster-whisper:int8"
    assert summary.ratio.median == pytest.approx(0.5)


def test_the_fastest_peer_is_never_ours() -> None:
    ours, slow, fast = _result("edgewise", 0.1), _result("a", 2.0), _result("b", 1.5)
    assert by_speed([ours, slow, fast]) == [fast, slow]
    assert by_speed([ours]) == []
    assert summarize(ours).ratio is None


def test_tables_line_up() -> None:
    lines = table(("name", "ms"), [("a", "10"), ("longer", "7")]).splitlines()
    assert lines == ["| name   | ms |", "| :----- | -: |", "| a      | 10 |", "| longer |  7 |"]
    results = [_result("edgewise", 1.0), _result("peer", 2.0)]
    text = asr_table(results, [summarize(one, results[1:]) for one in results])
    assert "0.500 (0.500-0.500)" in text
    assert len({len(line) for line in text.splitlines()}) == 1


@pytest.mark.parametrize(
    ("ratios", "noise", "expected"),
    [
        ([0.5, 0.5, 0.6], 0.02, "50 % faster (0.50-0.55)"),
        ([1.5, 1.4, 1.6], 0.02, "50 % slower (1.45-1.55)"),
        ([0.99, 0.985, 0.99], 0.02, "-"),
        ([0.9, 0.9, 0.9], 0.15, "-"),
        ([0.5, 0.9, 1.4], 0.02, "-"),
    ],
)
def test_a_change_of_speed_is_told_above_the_noise(ratios: list[float], noise: float, expected: str) -> None:
    assert speed_change(ratios, noise) == expected


def test_a_change_of_errors_is_told_when_it_is_not_chance() -> None:
    assert error_change([1] * 50, [2] * 50, 500) == "+10.00 (+10.00 to +10.00)"
    assert error_change([0, 2] * 25, [2, 0] * 25, 500) == "-"
    assert error_change([0] * 50, [0] * 49 + [1], 500) == "-"


def test_comparison_of_two_runs(tmp_path: Path) -> None:
    first = _write(tmp_path / "a.json", _result("edgewise", 1.0), _result("peer", 2.0))
    second = _write(tmp_path / "b.json", _result("edgewise", 0.8), _result("peer", 2.0))
    ours, peer = compare(first, second).splitlines()[2:]
    assert "20 % faster" in ours
    assert "faster" not in peer


def test_peers_that_seem_to_change_show_the_noise(tmp_path: Path) -> None:
    first = _write(tmp_path / "a.json", _result("edgewise", 1.0), _result("peer", 2.0))
    second = _write(tmp_path / "b.json", _result("edgewise", 0.8), _result("peer", 1.5))
    assert "faster" not in compare(first, second).splitlines()[2]


def test_runs_of_different_kinds_are_not_compared(tmp_path: Path) -> None:
    first = _write(tmp_path / "a.json", _result("edgewise", 1.0))
    other = _write(tmp_path / "b.json", _result("edgewise", 1.0), threads=4)
    with pytest.raises(ResultError, match="threads"):
        compare(first, other)
    sets = {"some_set": {"manifest_sha256": "1", "recordings": 20}}
    other = _write(tmp_path / "b.json", _result("edgewise", 1.0), sets=sets)
    with pytest.raises(ResultError, match="differ in the recordings of some_set"):
        compare(first, other)
    other.write_text("{}", encoding="utf-8")
    with pytest.raises(ResultError, match=r"b\.json is not a result"):
        compare(first, other)
