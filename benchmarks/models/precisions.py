"""Measure what rounding costs: files of one Whisper beside the first of them.

Word error rates of a few hundred recordings move by tenths of a percent when a handful of texts change, and texts
change when anything does. So each recording is heard at several levels, a few decibels apart, and the difference that
is left in the mean has its interval beside it. Divergence needs no such means: every model sees the first one's own
words and says what it would write next. Recordings that the calibration of a file listened to are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import edge
from edge.bench.intervals import Counts, drawn_rates, interval
from edge.bench.probabilities import Logits, divergences, log_softmax
from edge.bench.result_file import make_result
from edge.bench.scoring import require_scoring, score
from edge.bench.sets import Manifest, Selection, duration_s, read_manifests, read_samples
from edge.bench.tables import table
from edge.machine import describe_machine
from edge.whisper.engines.native import EngineState, WhisperEngine
from edge.whisper.features import raw_log_mel
from edge.whisper.file.model import ModelFile, open_model
from export.calibrate.recordings import unheard
from export.calibrate.words import OwnWords
from export.measure.measure import at_level, listen
from export.sources import read_checkpoint
from export.writers.gguf import HEARD_KEY

from ..arguments import add_json, add_levels, add_release, add_sets, add_threads, given_sets
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell_steps
from .encoder_time import features_of
from .known_sets import heard_at_any_time, heard_once

EXAMPLES = """\
examples:
  python -m benchmarks precisions float32.gguf int8.gguf int4.gguf --manifest SETS --levels=-6,-3,0,3,6
"""

_LONGEST_S = 29.0
"""Longest recording that divergence is measured on: a window, less room for the padding behind it."""


@dataclass(frozen=True, slots=True)
class PrecisionsOptions:
    """Options of the command."""

    models: tuple[Path, ...]
    """Model files; the first is what the others are held against."""
    sets: tuple[str, ...]
    levels_db: tuple[float, ...]
    """Gains in dB at which each recording is heard."""
    threads: int
    data: Path | None
    limit: int | None
    release: bool = False
    """Whether to hear the recordings that are heard once for each release, and those alone."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """Distance of one file's next-token probabilities from the first file's."""

    n_tokens: int
    mean: float
    """Nats a token; depends on the few tokens in doubt."""
    median: float
    same_choice: float
    """Share of tokens that are the likeliest for both."""


@dataclass(frozen=True, slots=True)
class Increase:
    """Word error rate of one file above the first file's, of the same recordings at the same levels."""

    rate: float
    """Word error rate of the file itself; 1.0 is every word."""
    difference: float
    low: float
    """Lower end of the difference's 95 % interval, whole recordings being drawn again."""
    high: float
    by_level: tuple[float, ...]
    """Difference at each level."""


@dataclass(frozen=True, slots=True)
class Rounded:
    """Results of one file."""

    model: str
    precision: str
    n_bytes: int
    divergence: Divergence
    sets: tuple[Increase, ...]
    joined: tuple[Increase, ...]
    """Increases on the sets with letters and digits joined that follow one another (`edge.bench.scoring`)."""
    mean: Increase
    """Increase in the mean over the sets."""
    joined_mean: Increase
    """Increase in that mean, with letters and digits joined."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files, and the recordings to hold them against each other on."""
    parser.add_argument(
        "models",
        type=Path,
        nargs="+",
        metavar="MODEL",
        help="GGUF files of one Whisper; the first, float32 say, is what the others are held against",
    )
    add_sets(parser)
    add_levels(parser)
    add_release(parser)
    add_threads(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_precisions(
        PrecisionsOptions(
            models=tuple(arguments.models),
            sets=given_sets(arguments),
            levels_db=arguments.levels,
            threads=arguments.threads,
            data=arguments.data,
            limit=arguments.limit,
            release=arguments.release,
        )
    )


def run_precisions(options: PrecisionsOptions) -> dict[str, Any]:
    """Measure, print two tables, and return what the JSON file holds.

    Raises:
        BenchmarkError: the models have not the same vocabulary, or a set has no words.
    """
    require_scoring()
    manifests = read_manifests(options.sets, options.data, Selection(limit=options.limit))
    manifests = heard_once(manifests) if options.release else heard_at_any_time(manifests)
    if not manifests:
        raise BenchmarkError("none of these sets has recordings that are heard once for each release (sets.toml)")
    with ExitStack() as opened:
        files = [opened.enter_context(open_model(path)) for path in options.models]
        if len({file.dims.n_vocab for file in files}) > 1:
            raise BenchmarkError("the models have vocabularies of different sizes; name files of one Whisper")
        heard = {digest for file in files for digest in heard_by(file)}
        manifests = [unheard(manifest, heard) for manifest in manifests]
        diverged = measure_divergence(files, manifests, options.threads)
        precisions = [file.precision for file in files]
    ways = count_edits(options, manifests)
    results = []
    for number, path in enumerate(options.models):
        (sets, mean), (joined, joined_mean) = (
            increases([one[number] for one in way.edits], [one[0] for one in way.edits], way.words) for way in ways
        )
        file = path.name, precisions[number], path.stat().st_size, diverged[number]
        results.append(Rounded(*file, sets, joined, mean, joined_mean))
    names = [manifest.name for manifest in manifests]
    print(f"{divergence_table(results)}\n\n{words_table(results, names)}")
    settings = {"sets": names, "levels_db": options.levels_db, "limit": options.limit, "release": options.release}
    found = [asdict(one) for one in results]
    return make_result("precisions", describe_machine(commit()), settings=settings, results=found)


def heard_by(file: ModelFile) -> list[str]:
    """Return the SHA-256 of the recordings that the calibration of a file listened to."""
    found = file.metadata.get(HEARD_KEY, [])
    return [str(digest) for digest in found] if isinstance(found, list) else []


def measure_divergence(files: Sequence[ModelFile], manifests: Sequence[Manifest], threads: int) -> list[Divergence]:
    """Measure how far each file is from the first, on the recordings that fit a window."""
    words = OwnWords(read_checkpoint(files[0].path))
    states = [WhisperEngine(file, threads=threads).new_state() for file in files]
    found: list[list[Counts]] = [[] for _ in files]
    same: list[list[NDArray[np.bool_]]] = [[] for _ in files]
    fitting = [one for manifest in manifests for one in manifest.utterances if duration_s(one) <= _LONGEST_S]
    if not fitting:
        raise BenchmarkError(f"no recording of at most {_LONGEST_S:g} s")
    for done, utterance in enumerate(fitting):
        tell_steps("telling what comes next", done, len(fitting))
        samples = read_samples(utterance)
        tokens, n_prompt = words.listen(raw_log_mel(samples, files[0].mel_filters), [False])[False]
        answers = [
            _next_tokens(state, features_of(file, samples), tokens, n_prompt)
            for file, state in zip(files, states, strict=True)
        ]
        for number, answer in enumerate(answers):
            found[number].append(divergences(answers[0], answer))
            same[number].append(answers[0].argmax(axis=1) == answer.argmax(axis=1))
    tell_steps("", 0, 0)
    return [_divergence(np.concatenate(one), np.concatenate(two)) for one, two in zip(found, same, strict=True)]


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts of each set, in one way of counting."""

    edits: list[Counts]
    """Wrong words of each set, (n_models, n_levels, n_recordings)."""
    words: list[Counts]
    """True words of each set, (n_recordings,)."""


def count_edits(options: PrecisionsOptions, manifests: Sequence[Manifest]) -> tuple[Counted, Counted]:
    """Count wrong words as they are written, and with letters and digits joined."""
    models = [edge.load(path, threads=options.threads) for path in options.models]
    ways = Counted([], []), Counted([], [])
    for manifest in manifests:
        with_words = [one for one in manifest.utterances if one.text is not None]
        counts = np.zeros((len(ways), len(models), len(options.levels_db), len(with_words)))
        true_words = np.zeros((len(ways), len(with_words)))
        for done, utterance in enumerate(with_words):
            tell_steps(f"listening to {manifest.name}", done, len(with_words))
            samples = read_samples(utterance)
            for level, decibels in enumerate(options.levels_db):
                heard = at_level(samples, decibels)
                for number, model in enumerate(models):
                    text = listen(model, utterance, heard).text
                    for way in range(len(ways)):
                        errors = score(utterance.text or "", text, utterance.language, joined=bool(way))
                        counts[way, number, level, done] = errors.edits
                        true_words[way, done] = errors.words
        if not true_words.sum():
            raise BenchmarkError(f"{manifest.name}: expected recordings with their words, found none")
        for counted, edits, words in zip(ways, counts, true_words, strict=True):
            counted.edits.append(edits)
            counted.words.append(words)
    tell_steps("", 0, 0)
    return ways


def increases(
    own: Sequence[Counts], first: Sequence[Counts], words: Sequence[Counts]
) -> tuple[tuple[Increase, ...], Increase]:
    """Compare wrong words (n_levels, n_recordings) of each set with the first file's, by set and in the mean."""
    rng = np.random.default_rng(0)
    rates, differences, drawn = [], [], []
    for mine, others, true_words in zip(own, first, words, strict=True):
        rates.append(mine.mean(axis=0).sum() / true_words.sum())
        differences.append((mine - others).sum(axis=1) / true_words.sum())
        drawn.append(drawn_rates((mine - others).mean(axis=0), true_words, rng))
    sets = tuple(_increase(*parts) for parts in zip(rates, differences, drawn, strict=True))
    mean = _increase(float(np.mean(rates)), np.mean(differences, axis=0), np.mean(drawn, axis=0))
    return sets, mean


def divergence_table(found: Sequence[Rounded]) -> str:
    """Write a row for each file; divergences in thousandths of a nat."""
    header = ("model", "precision", "MB", "tokens", "divergence, 1e-3 nats", "median", "same choice %")
    rows = [
        (
            one.model,
            one.precision,
            f"{one.n_bytes / 1e6:.1f}",
            str(one.divergence.n_tokens),
            f"{1e3 * one.divergence.mean:.3f}",
            f"{1e3 * one.divergence.median:.3f}",
            f"{100 * one.divergence.same_choice:.2f}",
        )
        for one in found
    ]
    return table(header, rows, n_left=2)


def words_table(found: Sequence[Rounded], sets: Sequence[str]) -> str:
    """Write a row for each file and set: the mean rate over the levels, and how far it is above the first file's.

    Where joined letters and digits make a difference, a set has a row for them too.
    """
    header = ("model", "precision", "set", "WER %", "more than the first", "95 %", "at single levels")
    rows = []
    for one in found:
        named = []
        mores, joins = (*one.sets, one.mean), (*one.joined, one.joined_mean)
        for name, more, joined in zip((*sets, "mean"), mores, joins, strict=True):
            named.append((name, more))
            if joined != more:
                named.append((f"{name}, joined", joined))
        for name, more in named:
            shares = (more.difference, more.low, more.high, min(more.by_level), max(more.by_level))
            difference, low, high, least, most = (f"{100 * share:+.2f}" for share in shares)
            cells = (f"{100 * more.rate:.2f}", difference, f"{low} to {high}", f"{least} to {most}")
            rows.append((one.model, one.precision, name, *cells))
    return table(header, rows, n_left=3)


def _next_tokens(state: EngineState, features: Logits, tokens: NDArray[np.int32], n_prompt: int) -> Logits:
    """Compute log-probabilities after the prompt's last token and each later one, (positions, vocabulary)."""
    state.encode(features)
    logits: Logits = state.decode(tokens[None], last_only=False)[0, n_prompt - 1 :]
    return log_softmax(logits)


def _divergence(found: Counts, same: NDArray[np.bool_]) -> Divergence:
    return Divergence(len(found), float(found.mean()), float(np.median(found)), float(same.mean()))


def _increase(rate: float, by_level: Counts, drawn: Counts) -> Increase:
    return Increase(float(rate), float(by_level.mean()), *interval(drawn), tuple(map(float, by_level)))
