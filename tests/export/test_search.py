"""Exports that are measured: the report, and under a budget the smallest recipe that keeps the words."""

from __future__ import annotations

import json
import shutil
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bench.scoring import Errors
from edge.errors import EdgeError, OptionError, UnsupportedModelError
from edge.progress import silent
from edge.whisper.file.inspect import describe
from edge.whisper.file.model import open_model
from export import search as automatic
from export.errors import BudgetError, CalibrationError
from export.maker import Maker, make_plain
from export.measure import budget
from export.measure.budget import Budget
from export.measure.measure import SetScore
from export.recipe import Learning, Recipe, Variety
from export.sources import read_checkpoint
from export.whisper import export_whisper

Rates = Callable[[str, list[float]], None]


def recording(path: Path, seed: int) -> Path:
    """Half a second of noise."""
    samples = (np.random.default_rng(seed).standard_normal(8000) * 3000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.tobytes())
    return path


@pytest.fixture
def unscored(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that count no words: what counts them need not be installed."""
    monkeypatch.setattr(budget, "require_scoring", lambda: None)


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """A set of one recording."""
    folder = tmp_path / "set"
    folder.mkdir()
    recording(folder / "a.wav", 1)
    (folder / "manifest.jsonl").write_text('{"audio": "a.wav", "text": "a b c", "lang": "en"}\n')
    return folder


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch, unscored: None) -> Rates:
    """Make measuring give these word error rates, one after the other."""

    def script(name: str, values: list[float]) -> None:
        left: Iterator[float] = iter(values)

        def measure(path: Path, *_: object, **__: object) -> tuple[SetScore, ...]:
            with open_model(path):
                errors = Errors(words=1000, substitutions=round(1000 * next(left)))
            return (SetScore(name, "0" * 64, 1, errors, (errors.edits,), (errors.words,), 0.0, 1.0, 12.0),)

        monkeypatch.setattr(budget, "measure", measure)

    return script


def test_takes_the_first_that_keeps_the_words(source: Path, spoken: Path, tmp_path: Path, rates: Rates) -> None:
    rates("set", [0.100, 0.150, 0.101])  # float32, int4, int8
    out = tmp_path / "auto.gguf"
    report = export_whisper(source, out, precision="auto", budget=Budget((spoken,), 0.2))
    assert report.precision == "int8"
    assert sorted(path.name for path in tmp_path.glob("auto*")) == [
        "auto.gguf",
        "auto.gguf.report.json",
        "auto.gguf.report.md",
    ]
    written = json.loads((tmp_path / "auto.gguf.report.json").read_text())
    with open_model(out) as model:
        assert model.precision == "int8"
        assert json.loads(str(model.file.metadata["edgewise.report"])) == written
    assert [attempt["label"] for attempt in written["tried"]] == ["int4", "int8"]
    assert written["tried"][0]["misses"] == ["word error rate +5.00, allowed are +0.20"]
    assert written["tried"][1]["misses"] == []
    assert "Report: int8, word error rates\n  set: 10.10 % [0.00 to 100.00], float32 10.00 %, 1 recordings" in describe(
        out
    )
    markdown = (tmp_path / "auto.gguf.report.md").read_text()
    assert "| set | 1 | 10.00 | 10.10 | 0.00 to 100.00 | 0.00 | 0.00 | 12 | 12 | 0 |" in markdown


def test_a_budget_that_nothing_meets_tells_of_the_nearest_miss(
    source: Path, spoken: Path, tmp_path: Path, rates: Rates
) -> None:
    rates("set", [0.100, 0.150, 0.120, 0.105])
    out = tmp_path / "auto.gguf"
    with pytest.raises(BudgetError, match=r"nearest miss is f16: word error rate \+0\.50, allowed are \+0\.20") as told:
        export_whisper(source, out, precision="auto", budget=Budget((spoken,), 0.2))
    assert "  int8: " in str(told.value)
    assert [path for path in tmp_path.iterdir() if path != spoken] == []


def test_recordings_to_listen_to_do_not_end_the_search(
    source: Path, spoken: Path, tmp_path: Path, rates: Rates
) -> None:
    heard = recording(tmp_path / "heard.wav", 2)
    rates("set", [0.1, 0.2, 0.2, 0.2, 0.2, 0.2])
    with pytest.raises(BudgetError, match="  f16: "):
        export_whisper(
            source, tmp_path / "m.gguf", learning=Learning((heard,)), precision="auto", budget=Budget((spoken,), 0.2)
        )


def test_times_count(source: Path, spoken: Path, tmp_path: Path, rates: Rates) -> None:
    rates("set", [0.1, 0.1, 0.1, 0.1])
    with pytest.raises(BudgetError, match="int4: 12 ms a recording, allowed are 3"):
        export_whisper(source, tmp_path / "m.gguf", precision="auto", budget=Budget((spoken,), 0.2, target_ms=3))


def test_what_is_too_large_is_not_measured_and_nothing_larger_is_made(
    source: Path, spoken: Path, tmp_path: Path, rates: Rates
) -> None:
    rates("set", [0.1])  # float32 alone
    labels: list[str] = []
    with pytest.raises(BudgetError, match=r"^int4 does not meet the budget: ") as told:
        export_whisper(
            source,
            tmp_path / "m.gguf",
            precision="auto",
            budget=Budget((spoken,), 0.2, max_bytes=100_000),
            progress=lambda what, done, total: labels.append(what),
        )
    assert "MB, allowed are 0.1. Measured:\n  int4: " in str(told.value)
    assert str(told.value).endswith("MB, too large to count its words")
    assert [label for label in labels if label.startswith("trying")] == ["trying int4"]
    assert [path for path in tmp_path.iterdir() if path != spoken] == []


def test_a_file_too_large_is_in_the_report(source: Path, spoken: Path, tmp_path: Path, rates: Rates) -> None:
    rates("set", [0.1, 0.1])
    first, second = Recipe("int8"), Recipe("int4")
    out = tmp_path / "m.gguf"
    checkpoint = read_checkpoint(source)
    sizes = []
    for recipe in (first, second):
        maker = Maker(checkpoint, (), None, silent)
        make_plain(checkpoint, recipe.precision).write(out)
        sizes.append(out.stat().st_size)
    made, report = automatic.search_recipe(maker, (first, second), Budget((spoken,), 0.2, sum(sizes) // 2), out)
    assert made.recipe == second
    assert [bool(attempt.scores) for attempt in report.tried] == [False, True]
    assert f"| int8 | {sizes[0] / 1e6:.1f} |  | {sizes[0] / 1e6:.1f} MB, allowed are" in report.as_markdown()


@pytest.mark.parametrize(
    ("recipe", "other", "expected"),
    [
        (Recipe("int8"), Recipe("int4"), True),
        (Recipe("f16"), Recipe("int4", 0.4), True),
        (Recipe("int8", 0.4), Recipe("int4"), False),
        (Recipe("int4"), Recipe("int8"), False),
        (Recipe("int4"), Recipe("int4", 0.4), True),
        (Recipe("int4", 0.4), Recipe("int4"), False),
        (Recipe("int4", raised=0.25), Recipe("int4"), True),
        (Recipe("int8"), Recipe("int4", raised=0.5), False),
    ],
)
def test_which_recipe_cannot_be_smaller(recipe: Recipe, other: Recipe, expected: bool) -> None:
    assert recipe.is_no_smaller(other) is expected


@pytest.mark.usefixtures("unscored")
def test_nobody_is_measured_on_what_was_heard(source: Path, spoken: Path, tmp_path: Path) -> None:
    folder = tmp_path / "heard"
    folder.mkdir()
    shutil.copy(spoken / "a.wav", folder / "other-name.wav")
    with pytest.raises(CalibrationError, match=r"set: .*a\.wav is also a recording to calibrate with .*other-name"):
        export_whisper(
            source, tmp_path / "m.gguf", learning=Learning((folder,)), precision="auto", budget=Budget((spoken,), 0.2)
        )
    assert not (tmp_path / "m.gguf").exists()


def test_a_precision_is_measured_as_it_is(source: Path, spoken: Path, tmp_path: Path, rates: Rates) -> None:
    rates("set", [0.100, 0.300])
    out = tmp_path / "m.gguf"
    report = export_whisper(source, out, precision="int4", name="mine", budget=Budget((spoken,)))
    assert report.precision == "int4"
    assert "  set: 30.00 % of words wrong [0.00 to 100.00], float32 10.00 %, 1 recordings, 12 ms each" in str(report)
    written = json.loads((tmp_path / "m.gguf.report.json").read_text())
    assert (written["recipe"], written["max_wer_increase"]) == ("int4", None)
    assert (written["engine"], written["onnx"]) == ("edgewise", None)
    assert written["n_bytes"] < report.n_bytes == out.stat().st_size
    markdown = (tmp_path / "m.gguf.report.md").read_text()
    assert "Word error rate +20.00 [+20.00 to +20.00] compared with float32, mean of the sets.\n" in markdown
    assert "| tried |" not in markdown
    assert "Report: int4, word error rates\n" in describe(out)


def test_a_report_names_the_levels(source: Path, spoken: Path, tmp_path: Path, rates: Rates) -> None:
    rates("set", [0.100, 0.100])
    out = tmp_path / "m.gguf"
    export_whisper(source, out, precision="int8", budget=Budget((spoken,), levels_db=(-3.0, 0.0, 3.0)))
    assert json.loads((tmp_path / "m.gguf.report.json").read_text())["levels_db"] == [-3, 0, 3]
    assert "Every recording was heard at -3, +0, +3 dB." in (tmp_path / "m.gguf.report.md").read_text()
    assert "Report: int8, word error rates at -3, +0, +3 dB" in describe(out)


def test_a_precision_that_breaks_the_budget_leaves_nothing(
    source: Path, spoken: Path, tmp_path: Path, rates: Rates
) -> None:
    rates("set", [0.100, 0.120])
    with pytest.raises(BudgetError, match=r"^int8 does not meet the budget: word error rate \+2\.00, allowed") as told:
        export_whisper(source, tmp_path / "m.gguf", precision="int8", budget=Budget((spoken,), 0.2))
    assert "(set 12.00 %, float32 10.00 %)" in str(told.value)
    assert [path for path in tmp_path.iterdir() if path != spoken] == []


def test_words_are_counted(source: Path, spoken: Path, tmp_path: Path) -> None:
    pytest.importorskip("jiwer")
    pytest.importorskip("whisper_normalizer")
    out = tmp_path / "m.gguf"
    export_whisper(source, out, budget=Budget((spoken,)))
    (score,) = json.loads((tmp_path / "m.gguf.report.json").read_text())["scores"]
    assert (score["errors"]["words"], score["n_recordings"]) == (3, 1)
    assert 0 < score["encode_ms"] < score["ms"]


def test_what_counts_words_must_be_installed(
    source: Path, spoken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jiwer", None)
    with pytest.raises(EdgeError, match=r'counting wrong words needs .*jiwer.*pip install "edgewise\[export\]"'):
        export_whisper(source, tmp_path / "m.gguf", budget=Budget((spoken,)))
    assert [path for path in tmp_path.iterdir() if path != spoken] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"to": "onnx", "precision": "auto"}, "onnx is written at f32 or int8 or w8 or w4"),
        ({"to": "whispercpp", "precision": "auto"}, "whispercpp is written at f16 or q8_0"),
        ({"to": "huggingface"}, "only gguf and onnx are run here and can be measured"),
    ],
)
def test_what_cannot_be_measured(
    source: Path, spoken: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnsupportedModelError, match=message):
        export_whisper(source, tmp_path / "out", budget=Budget((spoken,)), **options)
    assert [path for path in tmp_path.iterdir() if path != spoken] == []


def test_a_search_needs_a_budget(source: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="precision auto needs a budget"):
        export_whisper(source, tmp_path / "out", precision="auto")


@pytest.mark.usefixtures("unscored")
def test_an_interrupted_search_leaves_nothing(
    source: Path, spoken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(budget, "measure", measure)
    with pytest.raises(KeyboardInterrupt):
        export_whisper(source, tmp_path / "m.gguf", precision="auto", budget=Budget((spoken,), 0.2))
    assert [path for path in tmp_path.iterdir() if path != spoken] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning": Learning(reduction=0.2)}, "need to hear speech"),
        ({"learning": Learning(recover_s=9.0), "precision": "int4"}, "need to hear speech"),
        ({"learning": Learning((Path("x"),), recover_s=9.0), "precision": "int8"}, "int8 loses nothing"),
        ({"learning": Learning((Path("x"),)), "precision": "f16"}, "f16 has nothing to gain"),
        ({"learning": Learning(variety=Variety(2))}, "varied speech is for --compress and --recover"),
        (
            {"learning": Learning((Path("x"),), 0.2, variety=Variety(rooms=(Path("y"),)))},
            "say how often with --vary",
        ),
        ({"learning": Learning(variety=Variety(2)), "to": "huggingface"}, "huggingface knows neither"),
    ],
)
def test_recipes_without_sense_are_refused(source: Path, tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CalibrationError, match=message):
        export_whisper(source, tmp_path / "m.gguf", **options)
