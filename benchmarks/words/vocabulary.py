"""Measure what a vocabulary of the user's own finds and costs.

Rare words are those of the references that the texts do not have; distractors are words of the texts that nobody says.
Each recording is read with no list, with the rare words, with the distractors and with both.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.bench.result_file import make_result
from edge.bench.scoring import Errors, normalizer, score, total
from edge.bench.sets import Manifest, Selection, Utterance, find_set, read_manifests, read_samples
from edge.bench.tables import machine_line, table
from edge.machine import describe_machine

from ..arguments import add_json, add_models, add_precision, add_sets, add_threads, given_sets, positive
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell

if TYPE_CHECKING:
    import edge

EXAMPLES = """\
examples:
  python -m benchmarks vocabulary --manifest librispeech_test_other --models tiny.en,base --beam-size 5
"""

_WORD = re.compile(r"[^\W\d_][^\W\d_']+")
_LEAST_LETTERS = 4
_SELDOM = 3
"""Most times that a distractor stands in the texts: common words are not what people list."""

_REPEATS = 3


@dataclass(frozen=True, slots=True)
class VocabularyOptions:
    """Options of the command."""

    sets: tuple[str, ...]
    models: tuple[str, ...]
    texts: str
    """A file, a folder of .txt files, or the name of one in the data folder."""
    distractors: int
    precision: str
    beam_size: int
    strength: float | None
    threads: int
    data: Path | None
    limit: int | None


@dataclass(frozen=True, slots=True)
class Lists:
    """Words to list."""

    rare: tuple[str, ...]
    """Words that are in the references, and nowhere in the texts."""
    distractors: tuple[str, ...]
    """Words that are seldom in the texts, and nowhere in the references."""

    def named(self) -> dict[str, tuple[str, ...]]:
        """Return the lists to transcribe with, by name."""
        both = (*self.rare, *self.distractors)
        return {"none": (), "rare": self.rare, "distractors": self.distractors, "both": both}


@dataclass(frozen=True, slots=True)
class ListScore:
    """Result of a model with one list over one set."""

    model: str
    set: str
    list: str
    n_words: int
    errors: Errors
    rare_said: int
    """Number of times a rare word is in a reference, once a recording."""
    rare_found: int
    """Number of those times that it was written."""
    unsaid: int
    """Number of listed words that were written where nobody said them."""
    time_ratio: float
    """Time over that of no list: median over the recordings of the fastest of a few runs of each, in turns."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, on what, and how."""
    add_sets(parser)
    add_models(parser)
    add_threads(parser)
    add_precision(parser)
    parser.add_argument("--beam-size", type=positive, default=1, help="beams of the search (default 1)")
    parser.add_argument(
        "--strength", type=float, metavar="S", help="how much listed words are favoured (default: the runtime's)"
    )
    parser.add_argument(
        "--texts",
        default="text_calibration",
        metavar="PATH",
        help="texts that tell which words are rare, and that the others come from: a file, or a folder of .txt files, "
        "also by its name in ROOT (default text_calibration)",
    )
    parser.add_argument(
        "--distractors", type=positive, default=1000, metavar="N", help="list so many words not said (default 1000)"
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_vocabulary(
        VocabularyOptions(
            sets=given_sets(arguments),
            models=arguments.models,
            texts=arguments.texts,
            distractors=arguments.distractors,
            precision=arguments.precision,
            beam_size=arguments.beam_size,
            strength=arguments.strength,
            threads=arguments.threads,
            data=arguments.data,
            limit=arguments.limit,
        )
    )


def run_vocabulary(options: VocabularyOptions) -> dict[str, Any]:
    """Transcribe every recording with each list, print a table, and return what the JSON file holds."""
    import edge

    manifests = read_manifests(options.sets, options.data, Selection(limit=options.limit))
    texts = _read_texts(find_set(options.texts, options.data))
    machine = describe_machine(commit())
    print(machine_line(machine, f"{options.threads} threads"))
    scores: list[ListScore] = []
    for name in options.models:
        model = edge.load(name, kind="speech", precision=options.precision, threads=options.threads)
        for manifest in manifests:
            lists = make_lists((one.text or "" for one in manifest.utterances), texts, options.distractors)
            scores += _score_set(model, manifest, lists, options)
    print(f"\n{vocabulary_table(scores)}", flush=True)
    return make_result(
        "vocabulary",
        machine,
        settings={name: getattr(options, name) for name in ("precision", "beam_size", "strength", "threads")},
        results=[asdict(one) for one in scores],
    )


def make_lists(references: Iterable[str], texts: str, n_distractors: int) -> Lists:
    """List the rare words of the references, and as many others from the texts, drawn with one seed."""
    said = Counter(words_of(" ".join(references)))
    common = Counter(words_of(texts))
    rare = sorted(word for word in said if len(word) >= _LEAST_LETTERS and not common[word])
    seldom = sorted(
        word for word, n in common.items() if len(word) >= _LEAST_LETTERS and n <= _SELDOM and not said[word]
    )
    if not rare or len(seldom) < n_distractors:
        raise BenchmarkError(
            f"expected some words that only the references have, and {n_distractors} that only the texts have; "
            f"found {len(rare)} and {len(seldom)}"
        )
    drawn = np.random.default_rng(0).choice(len(seldom), n_distractors, replace=False)
    return Lists(tuple(rare), tuple(seldom[i] for i in drawn))


def words_of(text: str) -> list[str]:
    """Return the words of a text in small letters."""
    return _WORD.findall(text.lower())


def vocabulary_table(scores: Sequence[ListScore]) -> str:
    """Write a row for each model, set and list."""
    header = ("model", "set", "list", "words", "WER %", "rare words found", "unsaid", "time / no list")
    rows = [
        (
            *(one.model, one.set, one.list, str(one.n_words), f"{100 * (one.errors.rate or 0):.2f}"),
            f"{one.rare_found}/{one.rare_said} ({one.rare_found / max(1, one.rare_said):.0%})",
            str(one.unsaid),
            f"{one.time_ratio:.2f}",
        )
        for one in scores
    ]
    return table(header, rows, n_left=3)


def _read_texts(path: Path) -> str:
    files = [path] if path.is_file() else sorted(path.glob("*.txt"))
    if not files:
        raise BenchmarkError(f"{path}: expected a text, or a folder of .txt files")
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _score_set(model: edge.Recognizer, manifest: Manifest, lists: Lists, options: VocabularyOptions) -> list[ListScore]:
    known = [one for one in manifest.utterances if one.text is not None]
    named = lists.named()
    texts: dict[str, list[str]] = {name: [] for name in named}
    ratios: dict[str, list[float]] = {name: [] for name in named}
    for number, utterance in enumerate(known, start=1):
        tell(f"{model.name} on {manifest.name}: recording {number} of {len(known)}")
        fastest = _transcribe(model, utterance, named, options, texts)
        for name, seconds in fastest.items():
            ratios[name].append(seconds / fastest["none"])
    tell("")
    references = [one.text or "" for one in known]
    return [
        _summarize(model.name, manifest.name, name, len(words), references, texts[name], lists, median(ratios[name]))
        for name, words in named.items()
    ]


def _transcribe(
    model: edge.Recognizer,
    utterance: Utterance,
    named: dict[str, tuple[str, ...]],
    options: VocabularyOptions,
    texts: dict[str, list[str]],
) -> dict[str, float]:
    """Time each list, by turns, and return the shortest times; add to `texts` what was found."""
    samples = read_samples(utterance)
    language = utterance.language if len(model.languages) > 1 else None
    strength: dict[str, Any] = {} if options.strength is None else {"vocabulary_strength": options.strength}
    seconds: dict[str, list[float]] = {name: [] for name in named}
    for repeat in range(_REPEATS):
        for name, words in named.items():
            began = time.perf_counter()
            found = model.transcribe(
                samples,
                language=language,
                timestamps=False,
                beam_size=options.beam_size,
                vocabulary=words,
                **strength,
            )
            seconds[name].append(time.perf_counter() - began)
            if not repeat:
                texts[name].append(found.text)
    return {name: min(times) for name, times in seconds.items()}


def _summarize(
    model: str,
    name: str,
    list_name: str,
    n_words: int,
    references: Sequence[str],
    texts: Sequence[str],
    lists: Lists,
    time_ratio: float,
) -> ListScore:
    plain = normalizer("en")
    listed = {plain(word): word for word in (*lists.rare, *lists.distractors)}
    rare = {plain(word) for word in lists.rare}
    said = found = unsaid = 0
    for reference, text in zip(references, texts, strict=True):
        spoken, written = (set(plain(one).split()) for one in (reference, text))
        said += len(spoken & rare)
        found += len(spoken & rare & written)
        unsaid += len((written - spoken) & listed.keys())
    errors = total(score(reference, text, "en") for reference, text in zip(references, texts, strict=True))
    return ListScore(model, name, list_name, n_words, errors, said, found, unsaid, time_ratio)
