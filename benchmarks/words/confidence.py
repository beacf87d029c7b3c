"""Measure whether words that are given 0.8 are right in 80 of 100 cases.

A word is right if it is matched with one of the reference (benchmarks.words.matching). `--fit` finds the calibration
(edge.whisper.trust.confidence) that makes the words of some sets likeliest; `--evaluate` shows, on others, how the raw
probabilities, those that edgewise gives and those of the fresh fit agree with what is right. Speakers that are heard
once for each release are left out of the fit.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.arrays import DoubleArray
from edge.bench.result_file import make_result
from edge.bench.scoring import normalizer
from edge.bench.sets import Manifest, Selection, read_manifests, read_samples
from edge.bench.tables import table
from edge.machine import describe_machine

from ..arguments import add_data, add_json, add_models, add_precision, add_threads, names, positive
from ..checkout import commit
from ..errors import BenchmarkError
from ..models.known_sets import heard_at_any_time
from ..progress import tell
from ..whisper import load_whisper
from .matching import match_words

if TYPE_CHECKING:
    import edge
    from edge.transcript.types import Segment
    from edge.whisper.trust.confidence import Calibration

EXAMPLES = """\
examples:
  python -m benchmarks confidence --models tiny.en --evaluate librispeech_test_other
  python -m benchmarks confidence --models tiny.en,base --fit SETS --evaluate OTHER,SETS
"""

_BINS = 10
_STEPS = 50
_SHRINKAGE = 1e-3
"""Weight of the penalty that keeps the fit finite where words are told apart perfectly."""


@dataclass(frozen=True, slots=True)
class ConfidenceOptions:
    """Options of the command."""

    fit: tuple[str, ...]
    evaluate: tuple[str, ...]
    models: tuple[str, ...]
    precision: str
    threads: int
    data: Path | None
    selection: Selection


@dataclass(frozen=True, slots=True)
class JudgedWord:
    """A word of a transcript that is right or not."""

    is_right: bool
    probability: float
    """Probability that edgewise gives the word."""
    logits: tuple[float, ...]
    """Logits of the raw probabilities of its tokens, signs left out."""
    avg_logprob: float
    """Mean log-probability of its window."""

    @property
    def raw(self) -> float:
        """Product of the raw probabilities of its tokens."""
        return math.prod(1 / (1 + math.exp(-logit)) for logit in self.logits)

    def under(self, calibration: Calibration) -> float:
        """Compute the word's probability under another calibration."""
        tokens = (calibration.probability(-math.log1p(math.exp(-x)), self.avg_logprob) for x in self.logits)
        return math.prod(tokens)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to fit, what to evaluate, and how."""
    sets = "comma list of manifests, folders, or names of folders in ROOT"
    parser.add_argument("--fit", type=names, default=(), metavar="SETS", help=f"find a calibration for these: {sets}")
    parser.add_argument("--evaluate", type=names, required=True, metavar="SETS", help="and show how it does on these")
    add_data(parser)
    parser.add_argument("--limit", type=positive, help="only so many recordings, from the first of each set")
    add_precision(parser)
    add_models(parser)
    add_threads(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_confidence(
        ConfidenceOptions(
            fit=arguments.fit,
            evaluate=arguments.evaluate,
            models=arguments.models,
            precision=arguments.precision,
            threads=arguments.threads,
            data=arguments.data,
            selection=Selection(limit=arguments.limit),
        )
    )


def run_confidence(options: ConfidenceOptions) -> dict[str, Any]:
    """Fit, evaluate, print, and return what the JSON file holds."""
    overlap = sorted(set(options.fit) & set(options.evaluate))
    if overlap:
        raise BenchmarkError(f"what is fitted is not evaluated on the same set: {', '.join(overlap)}")
    fit_sets = heard_at_any_time(read_manifests(options.fit, options.data, options.selection))
    test_sets = read_manifests(options.evaluate, options.data, options.selection)
    fitted: Calibration | None = None
    tested: dict[str, dict[str, list[JudgedWord]]] = {}
    training: list[JudgedWord] = []
    for model in options.models:
        words = _judged(model, options, [*fit_sets, *test_sets])
        training += [word for manifest in fit_sets for word in words[manifest.name]]
        tested[model] = {manifest.name: words[manifest.name] for manifest in test_sets}
    if training:
        fitted = fit_calibration(training)
        print(f"\nfitted on {len(training)} words: {fitted}")
    results = [_shown(model, by_set, fitted) for model, by_set in tested.items()]
    return make_result(
        "confidence",
        describe_machine(commit()),
        settings={"fit": options.fit, "evaluate": options.evaluate, "precision": options.precision},
        fitted=None if fitted is None else asdict(fitted),
        results=results,
    )


def fit_calibration(words: Sequence[JudgedWord]) -> Calibration:
    """Fit whether words are right to two logits, the word's and its window's, by Newton's method."""
    from edge.whisper.trust.confidence import Calibration, logit

    if len({word.is_right for word in words}) < 2:
        raise BenchmarkError("the words to fit are all right or all wrong; fit on more speech")
    given = np.array([[logit(math.log(word.raw)), logit(word.avg_logprob), 1.0] for word in words])
    right = np.array([word.is_right for word in words], np.float64)
    weights = np.zeros(3)
    for _ in range(_STEPS):
        sure = 1 / (1 + np.exp(-given @ weights))
        slope = given.T @ (sure - right) + _SHRINKAGE * weights
        curvature = (given.T * (sure * (1 - sure))) @ given + _SHRINKAGE * np.eye(3)
        weights -= np.linalg.solve(curvature, slope)
    return Calibration(*(round(float(weight), 3) for weight in weights))


def calibration_error(sure: DoubleArray, right: DoubleArray) -> float:
    """Compute the mean over words of the gap that their tenth has between sure and right."""
    return sum(
        len(chosen) / len(sure) * abs(float(sure[chosen].mean() - right[chosen].mean())) for chosen in _tenths(sure)
    )


def separation(sure: DoubleArray, right: DoubleArray) -> float:
    """Compute how often a right word is given more than a wrong one, the area under the ROC curve; NaN without both."""
    _, ranks, counts = np.unique(sure, return_inverse=True, return_counts=True)
    middle = (np.cumsum(counts) - (counts - 1) / 2)[ranks]  # words given the same share their ranks
    n_right = right.sum()
    n_wrong = len(right) - n_right
    if not n_right or not n_wrong:
        return math.nan
    return float((middle[right == 1].sum() - n_right * (n_right + 1) / 2) / (n_right * n_wrong))


def _tenths(sure: DoubleArray) -> Iterator[NDArray[np.intp]]:
    """Yield the words of each tenth of the probabilities that has some, from the lowest."""
    tenth = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    for number in range(_BINS):
        chosen = np.flatnonzero(tenth == number)
        if len(chosen):
            yield chosen


def _judged(model: str, options: ConfidenceOptions, manifests: Sequence[Manifest]) -> dict[str, list[JudgedWord]]:
    """Judge the words of all sets, by set."""
    loaded = load_whisper(model, options.precision, options.threads)
    found: dict[str, list[JudgedWord]] = {}
    for manifest in manifests:
        tell(f"{model}: words of {manifest.name}")
        words = found.setdefault(manifest.name, [])
        for utterance in manifest.utterances:
            if utterance.text is None:
                continue
            expected = normalizer(utterance.language)(utterance.text).split()
            transcript = loaded.transcribe(read_samples(utterance), language=utterance.language, word_timestamps=True)
            words += _judged_words(loaded, transcript.segments, expected, utterance.language)
    return found


def _judged_words(
    model: edge.Model, segments: Sequence[Segment], expected: Sequence[str], language: str | None
) -> Iterator[JudgedWord]:
    from edge.whisper.segments import decoding_of
    from edge.whisper.trust.confidence import CALIBRATION
    from edge.whisper.words.pieces import group_words

    matches = iter(match_words(expected, [word.text for segment in segments for word in segment.words], language))
    for segment in segments:
        decoding = decoding_of(segment)
        given = zip(decoding.tokens, decoding.token_probabilities, strict=True)
        text = [(token, p) for token, p in given if token < model.tokenizer.eot]
        groups = group_words([token for token, _ in text], model.tokenizer, language)
        for word, group in zip(segment.words, groups, strict=True):
            match = next(matches)
            if match.correct is None:
                continue
            sure = [p for _, p in text[group.spoken_first : group.spoken_stop]]
            logits = tuple(CALIBRATION.undo(p, decoding.avg_logprob) for p in sure)
            yield JudgedWord(match.correct, word.probability, logits, decoding.avg_logprob)


def _shown(model: str, by_set: dict[str, list[JudgedWord]], fitted: Calibration | None) -> dict[str, Any]:
    """Print the tables of one model, and return its figures."""
    together = [word for words in by_set.values() for word in words]
    sources = ["raw", "edgewise"] + ([] if fitted is None else ["fitted"])
    rows = []
    figures = []
    for name, words in [*by_set.items(), *([("all", together)] if len(by_set) > 1 else [])]:
        if not words:
            raise BenchmarkError(f"{name}: no word of it is judged; evaluate on speech with references")
        right = np.array([word.is_right for word in words], np.float64)
        for source in sources:
            sure = np.array([_given(word, source, fitted) for word in words])
            error, area = calibration_error(sure, right), separation(sure, right)
            rows.append([name, source, str(len(words)), f"{100 * right.mean():.1f}", f"{100 * sure.mean():.1f}"])
            rows[-1] += [f"{error:.3f}", f"{area:.3f}"]
            figures.append({"set": name, "source": source, "words": len(words), "error": error, "separation": area})
    header = ("set", "probabilities", "words", "right %", "said %", "calibration error", "separation")
    print(f"\n{model}\n\n{table(header, rows, 2)}")
    sure = np.array([word.probability for word in together])
    right = np.array([word.is_right for word in together], np.float64)
    print(f"\n{model}: what edgewise says and what is right, all sets together\n\n{_diagram(sure, right)}", flush=True)
    return {"model": model, "figures": figures}


def _given(word: JudgedWord, source: str, fitted: Calibration | None) -> float:
    if source == "raw":
        return word.raw
    return word.probability if fitted is None or source == "edgewise" else word.under(fitted)


def _diagram(sure: DoubleArray, right: DoubleArray) -> str:
    """Draw the reliability diagram: of each tenth of the probabilities, what was said and what was right."""
    rows = []
    for chosen in _tenths(sure):
        tenth = min(int(sure[chosen[0]] * _BINS), _BINS - 1)
        share = float(right[chosen].mean())
        rows.append(
            [
                *(f"{tenth / _BINS:.1f} to {(tenth + 1) / _BINS:.1f}", "#" * round(40 * share), str(len(chosen))),
                *(f"{100 * float(sure[chosen].mean()):.0f}", f"{100 * share:.0f}"),
            ]
        )
    return table(("probability", "right", "words", "said %", "right %"), rows, 2)
