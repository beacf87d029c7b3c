"""Timing the steps of a search, and what the times say."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.speed.step_report import Case, draft_rate, draft_table, step_rate, step_table
from edge.arrays import FloatArray, IntArray
from edge.bench.stopwatch import StepTime, TimedState
from export.maker import make_plain
from export.sources import read_checkpoint

CASE = Case("tiny.en", "int8", threads=1, seconds=8, keys=450, cache="cold")
EOT = 3


class _Clock:
    """Moves on by what it is told, and by 1 with every look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


class _State:
    """Takes 10 for a decode, and finds the end likeliest."""

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self.n_past = 0

    def encode(self, mel: FloatArray) -> None:
        self.n_past = 0

    def decode(self, tokens: IntArray, *, last_only: bool = True, alignment: bool = False) -> FloatArray:
        self._clock.now += 10
        self.n_past += tokens.shape[1]
        return np.arange(EOT + 1, dtype=np.float32).reshape(1, 1, -1)

    def rewind(self, n_past: int) -> None:
        self.n_past = n_past

    def reorder(self, parents: IntArray) -> None: ...

    def encoder_output(self) -> FloatArray:
        return np.zeros((1, 1), np.float32)

    def alignment(self) -> FloatArray:
        return np.zeros((1, 1, 1, 1), np.float32)


def test_a_step_is_the_search_and_the_call_without_what_runs_before_it() -> None:
    clock = _Clock()

    def evict() -> None:
        clock.now += 1000

    timed = TimedState(_State(clock), EOT, evict, clock)
    one = np.zeros((1, 1), np.int32)
    timed.decode(np.zeros((1, 4), np.int32))
    clock.now += 500  # the first step follows a prompt: what lies between is no step
    timed.decode(one)
    for search in (5, 7):
        clock.now += search
        logits = timed.decode(one)
    assert [(step.n_past, step.search_s, step.call_s) for step in timed.steps] == [(5, 6, 11), (6, 8, 11)]
    assert timed.steps[0].step_s == 17
    assert logits[0, 0].argmax() != EOT
    assert timed.n_past == 7


def test_rates_of_known_times() -> None:
    rounds = [[StepTime(4, 1e-3, 2e-3), StepTime(6, 1e-3, 4e-3)], [StepTime(4, 1e-3, 2e-3)]]
    rate = step_rate(CASE, rounds, read=20e9, bytes_of=lambda n_past: 1e6 * n_past)
    assert rate.bytes_read == pytest.approx(14e6 / 3)
    assert rate.call_s == pytest.approx((3e-3, 2e-3))
    assert rate.step_s == pytest.approx((4e-3, 3e-3))
    assert rate.call_quartiles_s[1] == pytest.approx(2e-3)
    assert rate.call_rate == pytest.approx(14e6 / 3 / 2e-3)
    assert rate.share_of_read == pytest.approx(rate.call_rate / 20e9)
    assert rate.times_of_bytes == pytest.approx(3e-3 / (14e6 / 3 / 20e9))
    assert "| tiny.en int8 | cold  |      8 |  450 |" in step_table([rate])


def test_a_precision_stands_beside_the_first_of_its_model() -> None:
    cases = [CASE, replace(CASE, precision="int4"), replace(CASE, model="base")]
    rates = [
        step_rate(case, [[StepTime(4, 1e-3, ms * 1e-3 * slow)] for slow in (1, 2, 3)], 20e9, lambda n_past: 1e6)
        for case, ms in zip(cases, (4, 3, 9), strict=True)
    ]
    header, _, first, second, third = (
        [cell.strip() for cell in line.split("|")] for line in step_table(rates).splitlines()
    )
    column = header.index("to the first")
    assert [row[column] for row in (first, second, third)] == ["", "0.75 (0.75-0.75)", ""]


def test_drafts_stand_beside_one_token() -> None:
    rates = [draft_rate(CASE, n_tokens, [n_tokens * 1e-3 + 1e-3], [2e-3]) for n_tokens in (1, 2, 4)]
    assert [rate.ratio for rate in rates] == pytest.approx([1.0, 1.5, 2.5])
    header, _, row = draft_table(rates).splitlines()
    assert "t(2)/t(1) | t(4)/t(1)" in header
    assert "2.00 (2.00-2.00) |      1.50 |      2.50 |" in row


def test_steps_of_a_real_model(
    tiny_en_int8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = count(10e9, 1e9)
    monkeypatch.setattr("edge.ops.measure_peak", lambda *arguments: next(rates))
    monkeypatch.setattr("edge.ops.memory_to_read", lambda: np.ones(64, np.uint8))
    out = tmp_path / "step.json"
    copy = tmp_path / "mine.gguf"
    make_plain(read_checkpoint(tiny_en_int8), "int4").write(copy)
    models = f"tiny.en,{copy}"
    arguments = ["step", "--models", models, "--threads", "1", "--seconds", "2"]
    assert main([*arguments, "--steps", "3", "--rounds", "2", "--json", str(out)]) == 0
    result = json.loads(out.read_text(encoding="utf-8"))
    found = [(row["precision"], row["cache"], len(row["call_s"])) for row in result["results"]]
    assert found == [(precision, cache, 2) for precision in ("int8", "int4") for cache in ("cold", "warm")]
    assert all(row["share_of_read"] > 0 for row in result["results"])
    assert result["results"][2]["bytes_read"] < 0.8 * result["results"][0]["bytes_read"]
    assert {row["n_tokens"] for row in result["drafts"]} == {1, 2, 3, 4, 6, 8}
    capsys.readouterr()
    assert main(["compare", str(out), str(out)]) == 0
    assert capsys.readouterr().out == "No step changed beyond the noise.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--precision", "int2"], "no precision 'int2'"),
        (["--models", "tiny.en", "--precision", "int8,int8"], "tiny.en: tiny.en at int8 is named twice"),
        (["--models", "tiny.en", "--seconds", "31"], "a clip of 31 s is longer than a window"),
        (["--models", "nobody"], "no model or asset is called 'nobody'"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tiny_en_int8: Path,
) -> None:
    monkeypatch.setattr("edge.ops.measure_peak", lambda *arguments: 1e9)
    monkeypatch.setattr("edge.ops.memory_to_read", lambda: np.ones(64, np.uint8))
    assert main(["step", "--threads", "1", *arguments]) == 1
    assert message in capsys.readouterr().err
