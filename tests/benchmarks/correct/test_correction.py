"""What corrections gain, counted, and the weights and gates that are fitted to it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import build_parser
from benchmarks.correct import correction as module
from benchmarks.correct.correction import gates_file
from benchmarks.correct.evidence import Collector, Heard, JudgedText, collect
from benchmarks.correct.fitting import fitted
from benchmarks.correct.outcomes import Scored, Tally, outcome
from benchmarks.correct.report import Row, figures, gains_table, harm_lines, sets_table
from benchmarks.errors import BenchmarkError
from edge.bench.sets import Manifest, Utterance, read_manifests
from edge.correct.edits import Edit
from edge.correct.gate import Case, Evidence, Weights


@pytest.fixture
def scoring() -> None:
    """What counts words: skipped without."""
    pytest.importorskip("jiwer")
    pytest.importorskip("whisper_normalizer")


OPEN = Weights(own=1.0, second=0.5, lm=0.2, doubt=0.0, loss=0.0, safe=1.0, most=0.0, hard=0.9)
CAT_FOR_CAP = Edit(1, 2, ("cat",))


def heard(reference: str | None, text: str, edits: dict[Edit, Evidence], name: str = "a", set_name: str = "s") -> Heard:
    words = text.split()
    case = Case(words, [0.6] * len(words), edits)
    return Heard(set_name, name, reference, 1.0, (f" {text}",), (JudgedText(0, case),), 0.1, 0.2)


@pytest.mark.usefixtures("scoring")
def test_errors_are_counted_before_and_after() -> None:
    good = heard("the cat sat", "the cap sat", {CAT_FOR_CAP: {"own": 2.0}})
    bad = heard("the cap sat", "the cap sat", {CAT_FOR_CAP: {"own": 2.0}})
    unsure = heard("the cat sat", "the cap sat", {CAT_FOR_CAP: {"own": 0.5}})
    outcomes = [outcome(Scored(one), OPEN, "safe") for one in (good, bad, unsure)]
    assert [(one.before, one.changes) for one in outcomes] == [(1, (-1,)), (0, (1,)), (1, ())]
    tally = Tally(outcomes)
    assert (tally.better, tally.worse, tally.right, tally.broken, tally.change) == (1, 1, 1, 1, 0)
    assert tally.rate == tally.rate_after == pytest.approx(2 / 9)
    assert [one.changes for one in (outcome(Scored(unsure), OPEN, "most"),)] == [(-1,)]


def examples(n: int) -> list[Scored]:
    """Recordings in which the language model tells good edits from bad ones, and nobody else knows anything."""
    random = np.random.default_rng(3)
    found = []
    for number in range(n):
        is_good = number % 2 == 0
        evidence: Evidence = {
            "own": float(random.normal(0.4 if is_good else -0.4)),
            "lm": float(random.normal(6.0 if is_good else -6.0)),
        }
        reference = "the cat sat" if is_good else "the cap sat"
        found.append(Scored(heard(reference, "the cap sat", {CAT_FOR_CAP: evidence}, str(number))))
    return found


@pytest.mark.usefixtures("scoring")
def test_a_witness_that_knows_is_believed_and_the_gate_lets_no_harm_pass() -> None:
    recordings = examples(400)
    weights = fitted(recordings, ("own", "lm"))
    assert weights.lm > 0.3
    assert weights.second == 0.0
    assert weights.most <= weights.safe
    tally = Tally([outcome(one, weights, "safe") for one in recordings])
    assert tally.worse <= 1
    assert tally.better > 100


@pytest.mark.usefixtures("scoring")
def test_weights_need_examples() -> None:
    with pytest.raises(BenchmarkError, match="expected 20 good edits and as many bad ones, found 3"):
        fitted(examples(4), ("own", "lm"))


def test_what_is_fitted_is_written_as_the_gate_reads_it() -> None:
    written = tomllib.loads(gates_file({"tiny.en": {("own",): OPEN, ("own", "second", "lm"): OPEN}}))
    assert written == {
        "tiny.en": {
            "own+second+lm": {
                **{"own": 1.0, "second": 0.5, "lm": 0.2, "doubt": 0.0, "loss": 0.0},
                **{"safe": 1.0, "most": 0.0, "hard": 0.9},
            }
        }
    }


@pytest.mark.usefixtures("scoring")
def test_tables_count_harm_apart() -> None:
    recordings = [
        heard("the cat sat", "the cap sat", {CAT_FOR_CAP: {"own": 2.0}}, set_name="fleurs_en"),
        heard("", "the", {Edit(1, 1, ("end",)): {"own": 2.0}}, set_name="silence"),
        heard(None, "the cap sat", {CAT_FOR_CAP: {"own": 2.0}}, set_name="commands_coffee"),
        heard(None, "the 5 sat", {Edit(1, 2, ("6",)): {"own": 2.0}}, "five", "commands_coffee"),
    ]
    row = Row.of("tiny.en", ("own", "second", "lm"), "safe", [Scored(one) for one in recordings], {"": OPEN})
    assert (row.figures_changed, row.words_added, row.untold_changed) == (("five",), 1, 2)
    assert "33.33 → 0.00" in gains_table([row])
    assert "fleurs_en" in sets_table([row, row])
    assert [line.rpartition(": ")[2] for line in harm_lines([row])] == ["1", "1", "2 (tiny.en safe)"]
    assert figures("a B 12, i C 12.") == {"b": 1, "c": 1, "12": 2}


class Pretended(Collector):
    """A collector that reads nothing."""

    def __init__(self, made_by: str) -> None:
        self.made_by = {"model": made_by}
        self.read: list[str] = []

    def __call__(self, set_name: str, utterance: Utterance) -> Heard:
        self.read.append(utterance.name)
        return heard(utterance.text, "the cap sat", {CAT_FOR_CAP: {"own": 2.0}}, utterance.name, set_name)


def sets_of(names: Sequence[str]) -> list[Manifest]:
    utterances = tuple(Utterance(name, (f"/{name}",), 0.0, "the cat sat", "en") for name in names)
    return [Manifest("s", "", utterances)]


def test_an_interrupted_collection_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "tiny.en.pair.jsonl"
    first = collect(file, Pretended("tiny.en"), sets_of(["a", "b"]))
    file.write_bytes(file.read_bytes()[:-20])
    again = Pretended("tiny.en")
    assert collect(file, again, sets_of(["a", "b"])) == first
    assert again.read == ["b"]
    with pytest.raises(BenchmarkError, match="found that of others"):
        collect(file, Pretended("base"), sets_of(["a"]))


def test_nothing_is_fitted_on_what_is_heard_once(tmp_path: Path) -> None:
    for name in ("digits_fsdd", "telephone_prompts", "mine"):
        (tmp_path / name).mkdir()
        lines = [json.dumps({"audio": one, "text": "one"}) for one in ("1_george_0.flac", "1_theo_0.flac")]
        (tmp_path / name / "manifest.jsonl").write_text("\n".join(lines))
    command = ["correction", "--keep", str(tmp_path), "--data", str(tmp_path)]
    command += ["--manifest", "digits_fsdd,telephone_prompts,mine"]

    def names(*options: str) -> list[list[str]]:
        found = module._sets(module.options_of(build_parser().parse_args([*command, *options])))
        return [[one.name for one in manifest.utterances] for manifest in found]

    once, twice = ["1_theo_0.flac"], ["1_george_0.flac", "1_theo_0.flac"]
    assert names("--fit") == names() == [["1_george_0.flac"], twice]
    assert names("--release") == [once, twice]
    assert read_manifests(["mine"], tmp_path)[0].utterances
