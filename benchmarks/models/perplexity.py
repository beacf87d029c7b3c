"""Measure what quantizing a language model costs, on a text.

The text is cut into windows; in each, the second half's tokens are scored with all before them in view. Every model
sees the same tokens, and the first is what the others are held against: by how much its next-token probabilities
change (Kullback-Leibler divergence), and how often its likeliest next token stays the likeliest.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bench.probabilities import Logits, divergences, log_softmax
from edge.bench.result_file import make_result
from edge.bench.tables import table
from edge.machine import describe_machine

from ..arguments import add_json, add_threads, positive
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell
from .language_models import LanguageModel, load

EXAMPLES = """\
examples:
  python -m benchmarks perplexity smollm2/ smollm2-q8_0.gguf smollm2-int4.gguf smollm2-onnx/ --tokens 8192
  python -m benchmarks perplexity edgewise:smollm2.gguf@f32 edgewise:smollm2.gguf@int8 smollm2-int4.gguf
"""

DEFAULT_TEXT = "text_calibration/us_inaugural_addresses_since_1900.txt"
"""Path inside the folder of sets of a cased, punctuated prose text."""


@dataclass(frozen=True, slots=True)
class PerplexityOptions:
    """Options of the command."""

    models: tuple[Path, ...]
    text: Path | None
    tokens: int
    """Tokens of the text, from its beginning, rounded up to whole windows."""
    context: int
    """Tokens of a window."""
    threads: int


@dataclass(frozen=True, slots=True)
class Score:
    """Scores of one model."""

    model: str
    engine: str
    n_bytes: int
    n_tokens: int
    """Number of tokens that were scored."""
    perplexity: float
    divergence: float
    """Mean Kullback-Leibler divergence from the first model, in nats a token."""
    same_choice: float
    """Share of tokens whose likeliest successor is the first model's."""
    logit_error: float
    """Root mean square difference of the logits from the first model's."""
    farthest_logit: float
    """Largest difference of a logit from the first model's."""


@dataclass(frozen=True, slots=True)
class _Reference:
    """Answer of the first model for a window, each array (positions, vocabulary)."""

    logits: Logits
    log_p: Logits


@dataclass(slots=True)
class _Sums:
    """Sums over the windows so far."""

    surprise: float = 0.0
    divergence: float = 0.0
    n_same: int = 0
    n_tokens: int = 0
    squares: float = 0.0
    """Squared differences of logits, their mean over the vocabulary, summed over the tokens."""
    farthest_logit: float = 0.0

    def add(self, logits: Logits, next_tokens: NDArray[np.int64], reference: _Reference) -> None:
        """Add positions: this model's logits (positions, vocabulary), what came next, and the first model's logits."""
        log_q = log_softmax(logits)
        self.surprise -= float(np.take_along_axis(log_q, next_tokens[:, None], axis=1).sum(dtype=np.float64))
        self.divergence += float(divergences(reference.log_p, log_q).sum())
        self.n_same += int((logits.argmax(axis=1) == reference.logits.argmax(axis=1)).sum())
        self.n_tokens += len(next_tokens)
        difference = logits - reference.logits
        self.squares += float(np.square(difference).mean(axis=1, dtype=np.float64).sum())
        self.farthest_logit = max(self.farthest_logit, float(np.abs(difference).max()))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the models, and the text to score them on."""
    parser.add_argument(
        "models",
        type=Path,
        nargs="+",
        metavar="MODEL",
        help="GGUF files, edgewise:FILE[@PRECISION], Hugging Face or ONNX folders; the others are held against "
        "the first",
    )
    parser.add_argument("--text", type=Path, metavar="FILE", help="default: a calibration text in EDGEWISE_TEST_DATA")
    parser.add_argument(
        "--tokens", type=positive, default=8192, help="tokens of the text (default 8192); half are scored"
    )
    parser.add_argument("--context", type=positive, default=512, help="tokens of a window (default 512)")
    add_threads(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_perplexity(
        PerplexityOptions(
            models=tuple(arguments.models),
            text=arguments.text,
            tokens=arguments.tokens,
            context=arguments.context,
            threads=arguments.threads,
        )
    )


def run_perplexity(options: PerplexityOptions) -> dict[str, Any]:
    """Measure, print a table, and return what the JSON file holds."""
    if options.context < 4:
        raise BenchmarkError(f"windows of {options.context} tokens are too short; take 4 or more")
    path, text = text_of(options.text)
    models = [load(model, options.context, options.threads) for model in options.models]
    windows = _windows(models, options, text)
    sums = [_Sums() for _ in models]
    for done, window in enumerate(windows):
        tell(f"window {done + 1} of {len(windows)}")
        _score(models, sums, window)
    tell("")
    scores = [_as_score(path, model, found) for path, model, found in zip(options.models, models, sums, strict=True)]
    print(f"{path.name}: {scores[0].n_tokens} tokens scored, in windows of {options.context}\n\n{score_table(scores)}")
    settings = {"text": path.name, "tokens": options.tokens, "context": options.context}
    results = [asdict(score) for score in scores]
    return make_result("perplexity", describe_machine(commit()), settings=settings, results=results)


def score_table(scores: Sequence[Score]) -> str:
    """Write a row for each model."""
    header = ("model", "engine", "MB", "perplexity", "divergence", "same choice %", "logit error", "farthest")
    rows = [
        (
            score.model,
            score.engine,
            f"{score.n_bytes / 1e6:.1f}",
            f"{score.perplexity:.3f}",
            f"{round(score.divergence, 5) + 0.0:.5f}",
            f"{100 * score.same_choice:.2f}",
            f"{score.logit_error:.2g}",
            f"{score.farthest_logit:.2g}",
        )
        for score in scores
    ]
    return table(header, rows, n_left=2)


def text_of(given: Path | None) -> tuple[Path, str]:
    """Read a text that is given, or a calibration text of EDGEWISE_TEST_DATA."""
    path = given or _default_text()
    try:
        return path, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path}: {error}") from error


def _default_text() -> Path:
    root = os.environ.get("EDGEWISE_TEST_DATA")
    if not root:
        raise BenchmarkError(f"name a --text, or in EDGEWISE_TEST_DATA the folder that {DEFAULT_TEXT} is in")
    return Path(root) / DEFAULT_TEXT


def _windows(models: Sequence[LanguageModel], options: PerplexityOptions, text: str) -> list[list[int]]:
    text = text[: 16 * (options.tokens + options.context)]  # no token is longer on average
    first, *others = (model.tokenize(text) for model in models)
    for path, tokens in zip(options.models[1:], others, strict=True):
        if tokens != first:
            raise BenchmarkError(
                f"{path} and {options.models[0]} do not cut the text into the same tokens; name files of one model"
            )
    n_windows = min(math.ceil(options.tokens / options.context), len(first) // options.context)
    if not n_windows:
        raise BenchmarkError(f"the text has {len(first)} tokens, fewer than a window of {options.context}")
    return [first[at * options.context : (at + 1) * options.context] for at in range(n_windows)]


def _score(models: Sequence[LanguageModel], sums: Sequence[_Sums], window: list[int]) -> None:
    begin = len(window) // 2
    next_tokens = np.array(window[begin + 1 :])
    reference: _Reference | None = None
    for model, found in zip(models, sums, strict=True):
        logits = model.logits(window)[begin:-1].copy()
        if reference is None:
            reference = _Reference(logits, log_softmax(logits))
        if logits.shape != reference.logits.shape:
            raise BenchmarkError(
                f"expected models of one vocabulary, found {reference.logits.shape[1]} and {logits.shape[1]} tokens"
            )
        found.add(logits, next_tokens, reference)


def _as_score(path: Path, model: LanguageModel, sums: _Sums) -> Score:
    return Score(
        model=path.name,
        engine=model.engine,
        n_bytes=model.n_bytes,
        n_tokens=sums.n_tokens,
        perplexity=math.exp(sums.surprise / sums.n_tokens),
        divergence=sums.divergence / sums.n_tokens,
        same_choice=sums.n_same / sums.n_tokens,
        logit_error=math.sqrt(sums.squares / sums.n_tokens),
        farthest_logit=sums.farthest_logit,
    )
