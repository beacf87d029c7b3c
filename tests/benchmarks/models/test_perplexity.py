"""Perplexity and what goes with it, on models whose answer is known."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.errors import BenchmarkError
from benchmarks.models import perplexity
from benchmarks.models.language_models import load
from benchmarks.models.perplexity import PerplexityOptions, run_perplexity

N_VOCAB = 5
WORDS = "abcde"


class Made:
    """A model that always gives each letter after the last one the same logits."""

    engine = "made"
    n_bytes = 1_500_000

    def __init__(self, bonus: float, shift: int = 0) -> None:
        self._bonus, self._shift = bonus, shift

    def tokenize(self, text: str) -> list[int]:
        return [(WORDS.index(letter) + self._shift) % N_VOCAB for letter in text]

    def logits(self, tokens: list[int]) -> np.ndarray:
        logits = np.zeros((len(tokens), N_VOCAB), np.float32)
        logits[np.arange(len(tokens)), (np.array(tokens) + 1) % N_VOCAB] = self._bonus
        return logits


def _run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, models: dict[str, Made], tokens: int = 20, context: int = 10
) -> list[dict[str, float]]:
    monkeypatch.setattr(perplexity, "load", lambda path, context, threads: models[path.name])
    text = tmp_path / "text"
    text.write_text("abcde" * 20)
    options = PerplexityOptions(tuple(map(Path, models)), text, tokens, context, 1)
    found: list[dict[str, float]] = run_perplexity(options)["results"]
    return found


def test_known_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sure, even, wrong = _run(monkeypatch, tmp_path, {"sure": Made(3.0), "even": Made(0.0), "wrong": Made(-1.0)})
    p = math.exp(3) / (math.exp(3) + 4)
    assert sure["perplexity"] == pytest.approx(1 / p)
    assert even["perplexity"] == pytest.approx(N_VOCAB)
    assert wrong["perplexity"] > N_VOCAB
    assert sure["divergence"] == 0
    assert even["divergence"] == pytest.approx(p * math.log(p * 5) + (1 - p) * math.log((1 - p) / 4 * 5))
    assert (sure["same_choice"], wrong["same_choice"]) == (1, 0)
    assert even["farthest_logit"] == 3
    assert even["logit_error"] == pytest.approx(math.sqrt(9 / 5))
    assert sure["n_tokens"] == 2 * 4  # of ten tokens, what follows the sixth to the ninth
    printed = capsys.readouterr().out
    assert "8 tokens scored, in windows of 10" in printed
    assert "| even  | made   | 1.5 |      5.000 |" in printed


def test_what_cannot_be_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="do not cut the text into the same tokens"):
        _run(monkeypatch, tmp_path, {"a": Made(1.0), "b": Made(1.0, shift=1)})
    with pytest.raises(BenchmarkError, match="the text has 100 tokens, fewer than a window of 101"):
        _run(monkeypatch, tmp_path, {"a": Made(1.0)}, context=101)
    with pytest.raises(BenchmarkError, match="windows of 3 tokens are too short"):
        _run(monkeypatch, tmp_path, {"a": Made(1.0)}, context=3)
    monkeypatch.delenv("EDGEWISE_TEST_DATA", raising=False)
    with pytest.raises(BenchmarkError, match="name a --text"):
        run_perplexity(PerplexityOptions((tmp_path,), None, 1, 8, 1))
    with pytest.raises(BenchmarkError, match=r"expected a \.gguf file, or a folder"):
        load(tmp_path / "gone", 8, 1)


def test_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(perplexity, "load", lambda *_: Made(1.0))
    (tmp_path / "text").write_text("abcde" * 4)
    out = tmp_path / "out.json"
    words = ["perplexity", "one", "two", "--text", str(tmp_path / "text"), "--context", "5", "--json", str(out)]
    assert main(words) == 0
    assert [found["model"] for found in json.loads(out.read_text())["results"]] == ["one", "two"]
    assert main(["compare", str(out), str(out)]) == 1
    assert "hold perplexity results" in capsys.readouterr().err
