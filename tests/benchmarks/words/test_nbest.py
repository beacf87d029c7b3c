"""The oracle of the n best readings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.errors import BenchmarkError
from benchmarks.peers.engines import EngineSettings
from benchmarks.words.nbest import ListResult, nbest_table, summarize_lists
from edge.bench.scoring import Errors


def test_the_oracle_takes_the_best_of_each_list() -> None:
    lists = [
        ListResult("a", ("x", "y"), (Errors(words=4, substitutions=2), Errors(words=4, deletions=1))),
        ListResult("b", ("z",), (Errors(words=6, insertions=3),)),
    ]
    summary = summarize_lists("tiny.en", "set", 5, lists)
    assert (summary.first_error_rate, summary.oracle_error_rate) == (0.5, 0.4)
    assert summary.mean_texts == 1.5
    assert "| tiny.en | set |        5 |          2 |       1.5 |       50.00 |        40.00 |" in nbest_table(
        [summary]
    )


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny_en_int8: Path, near_clip: Path) -> None:
    pytest.importorskip("jiwer")
    text = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
    items = [{"audio": "jfk.wav", "text": text, "lang": "en"}, {"audio": "jfk.wav", "text": None, "lang": "en"}]
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    out = tmp_path / "out.json"
    arguments = ["nbest", "--manifest", str(tmp_path), "--models", "tiny.en", "--n", "3", "--threads", "1"]
    assert main([*arguments, "--json", str(out)]) == 0
    assert "oracle WER %" in capsys.readouterr().out
    (result,) = json.loads(out.read_text())["results"]
    (only,) = result["lists"]
    assert 2 <= len(only["texts"]) == len(set(only["texts"])) <= 3
    assert result["oracle_error_rate"] <= result["first_error_rate"]


def test_beams_of_one_engine_go_before_those_of_the_run() -> None:
    assert EngineSettings("int8", 1, beam=3).beams == 3
    assert EngineSettings("int8", 1, beam=3, options={"beam": "5"}).beams == 5
    with pytest.raises(BenchmarkError, match="beam=five; expected a number of 1 or more"):
        _ = EngineSettings("int8", 1, options={"beam": "five"}).beams
