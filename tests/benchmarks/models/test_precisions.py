"""What rounding costs: divergence, and words at several levels."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import build_parser, main
from benchmarks.models.precisions import Divergence, Increase, Rounded, divergence_table, increases, words_table
from edge.bench.probabilities import divergences, log_softmax


def test_probabilities_are_those_of_the_definition() -> None:
    logits = np.array([[0.0, 1.0, 2.0], [5.0, 5.0, -90.0]], np.float32)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(log_softmax(logits)), p, rtol=1e-6)
    np.testing.assert_allclose(log_softmax(logits + 1e4), log_softmax(logits), atol=1e-3)


def test_divergence_is_zero_only_between_equals() -> None:
    one, other = log_softmax(np.array([[0.0, 1.0]], np.float32)), log_softmax(np.array([[1.0, 0.0]], np.float32))
    assert divergences(one, one).tolist() == [0.0]
    likely = 1 / (1 + np.exp(-1.0))
    assert divergences(one, other)[0] == pytest.approx(2 * likely - 1)  # the logarithms of the odds differ by 1


def test_an_increase_is_the_mean_over_levels_with_its_interval() -> None:
    words = [np.full(50, 10.0), np.full(20, 5.0)]
    first = [np.ones((2, 50)), np.zeros((2, 20))]
    own = [first[0] + np.array([[0.0], [1.0]]), first[1]]  # one word more in each recording, at the second level alone
    (one, other), mean = increases(own, first, words)
    assert (one.rate, one.difference) == pytest.approx((0.15, 0.05))
    assert one.by_level == (0.0, 0.1)
    assert one.low == one.high == pytest.approx(0.05)  # every recording lost the same
    assert (other.rate, other.difference, other.low, other.high) == (0.0, 0.0, 0.0, 0.0)
    assert (mean.rate, mean.difference) == pytest.approx((0.075, 0.025))


def test_an_interval_is_wide_where_few_recordings_make_the_difference() -> None:
    words, first = [np.full(50, 10.0)], [np.zeros((1, 50))]
    own = np.zeros((1, 50))
    own[0, 7] = 10.0
    (one,), mean = increases([own], first, words)
    assert one.difference == mean.difference == pytest.approx(0.02)
    assert one.low == 0.0
    assert one.high >= 0.06


def test_a_row_for_each_file_and_set() -> None:
    more = Increase(0.145, 0.001, -0.002, 0.004, (0.0, 0.002))
    joined = Increase(0.12, 0.0, -0.001, 0.001, (0.0, 0.0))
    divergence = Divergence(352, 0.000393, 0.000056, 0.9972)
    row = Rounded("a.gguf", "int8", 40_910_000, divergence, (more,), (joined,), more, joined)
    assert "| a.gguf | int8      | 40.9 |    352 |                 0.393 |  0.056 |         99.72 |" in (
        divergence_table([row])
    )
    lines = words_table([row], ["one"]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[2] == ["a.gguf", "int8", "one", "14.50", "+0.10", "-0.20 to +0.40", "+0.00 to +0.20"]
    assert cells[3][2:4] == ["one, joined", "12.00"]
    assert cells[4][2:4] == ["mean", "14.50"]
    assert cells[5][2:4] == ["mean, joined", "12.00"]
    alike = words_table([replace(row, joined=(more,), joined_mean=more)], ["one"])
    assert "joined" not in alike


def test_levels_are_decibels() -> None:
    command = ["precisions", "a.gguf", "--manifest", "set"]
    assert build_parser().parse_args(command).levels == (0.0,)
    assert build_parser().parse_args([*command, "--levels=-3,0,3"]).levels == (-3.0, 0.0, 3.0)


def test_a_file_beside_itself_and_beside_another_precision(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny_en_int8: Path, near_clip: Path
) -> None:
    pytest.importorskip("jiwer")
    from export.whisper import export_whisper

    smaller = tmp_path / "int4.gguf"
    export_whisper(tiny_en_int8, smaller, precision="int4")
    text = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
    (tmp_path / "manifest.jsonl").write_text(json.dumps({"audio": "jfk.wav", "text": text, "lang": "en"}) + "\n")
    files = [str(tiny_en_int8), str(tiny_en_int8), str(smaller)]
    out = tmp_path / "out.json"
    command = ["precisions", *files, "--manifest", str(tmp_path), "--levels=-3,0", "--threads", "1"]
    assert main([*command, "--json", str(out)]) == 0
    assert "same choice %" in capsys.readouterr().out
    first, same, other = json.loads(out.read_text())["results"]
    assert first["divergence"]["mean"] == same["divergence"]["mean"] == 0.0
    assert same["divergence"]["same_choice"] == 1.0
    assert same["mean"]["by_level"] == [0.0, 0.0]
    assert 0.0 < other["divergence"]["mean"] < 0.5
    assert other["divergence"]["n_tokens"] == first["divergence"]["n_tokens"] > 20
    assert len(other["mean"]["by_level"]) == 2
