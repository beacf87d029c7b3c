"""Whether probabilities keep their promise."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.errors import BenchmarkError
from benchmarks.words.confidence import JudgedWord, calibration_error, fit_calibration, separation
from edge.whisper.trust.confidence import Calibration, logit


def test_no_error_where_what_is_said_is_right() -> None:
    sure = np.repeat([0.25, 0.75], 4)
    right = np.array([1, 0, 0, 0, 1, 1, 1, 0], float)
    assert calibration_error(sure, right) == pytest.approx(0.0)
    assert calibration_error(sure, 1 - right) == pytest.approx(0.5)
    assert calibration_error(np.ones(4), np.zeros(4)) == 1.0


def test_separation_is_how_often_right_words_are_given_more() -> None:
    right = np.array([0, 0, 1, 1], float)
    assert separation(np.array([0.1, 0.2, 0.3, 0.4]), right) == 1.0
    assert separation(np.array([0.4, 0.3, 0.2, 0.1]), right) == 0.0
    assert separation(np.array([0.5, 0.5, 0.5, 0.5]), right) == 0.5
    assert separation(np.array([0.1, 0.3, 0.2, 0.4]), right) == 0.75
    assert math.isnan(separation(np.array([0.1, 0.3]), np.ones(2)))


def test_the_fit_finds_the_calibration_that_words_were_drawn_from() -> None:
    rng = np.random.default_rng(7)
    truth = Calibration(token=0.7, window=0.5, offset=-0.2)
    words = []
    for _ in range(20_000):
        logprob, avg_logprob = -rng.exponential(0.5), -rng.uniform(0.05, 1)
        probability = truth.probability(logprob, avg_logprob)
        words.append(JudgedWord(bool(rng.random() < probability), 0.0, (logit(logprob),), avg_logprob))
    found = fit_calibration(words)
    assert (found.token, found.window) == pytest.approx((truth.token, truth.window), abs=0.1)
    sure = np.array([word.under(found) for word in words])
    right = np.array([word.is_right for word in words], float)
    assert calibration_error(sure, right) < 0.02


def test_words_that_are_all_right_fit_nothing() -> None:
    with pytest.raises(BenchmarkError, match="all right or all wrong"):
        fit_calibration([JudgedWord(True, 0.5, (0.0,), -0.5)] * 3)


def test_a_set_is_not_fitted_and_evaluated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["confidence", "--fit", "a,b", "--evaluate", "b"]) == 1
    assert "not evaluated on the same set: b" in capsys.readouterr().err


def test_a_run_writes_tables_and_json(
    tiny_en_int8: Path, near_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("whisper_normalizer")
    pytest.importorskip("jiwer")
    said = "and so my fellow americans ask not what your country can do for you ask what you can do for his country"
    for name in ("fit", "test"):
        (tmp_path / name).mkdir()
        item = {"audio": "../jfk.wav", "text": said, "lang": "en"}
        (tmp_path / name / "manifest.jsonl").write_text(json.dumps(item) + "\n")
    out = tmp_path / "out.json"
    sets = ["--fit", str(tmp_path / "fit"), "--evaluate", str(tmp_path / "test")]
    assert main(["confidence", *sets, "--json", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "fitted on 22 words: Calibration(" in shown
    assert "| 0.9 to 1.0  | ####" in shown
    (result,) = json.loads(out.read_text())["results"]
    assert [figure["source"] for figure in result["figures"]] == ["raw", "edgewise", "fitted"]
    assert all(figure["words"] == 22 and 0 <= figure["error"] <= 1 for figure in result["figures"])
