"""Measure word error rates of the first and of the best among the n best readings.

Edgewise is asked for the n best readings of each recording, with as many beams. The best of them is what perfect
rescoring would give. Recordings are of at most 30 s, one window each, read without timestamps.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from edge.bench.result_file import make_result
from edge.bench.scoring import Errors, score, total
from edge.bench.sets import Manifest, Selection, Utterance, read_manifests, read_samples
from edge.bench.tables import machine_line, table
from edge.machine import describe_machine
from edge.whisper.segments import decoding_of

from ..arguments import add_json, add_models, add_precision, add_sets, add_threads, counts, given_sets
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell

if TYPE_CHECKING:
    import edge

EXAMPLES = """\
examples:
  python -m benchmarks nbest --manifest librispeech_test_other --models tiny.en,base --n 5,10
"""

_LONGEST_S = 30.0
"""Length of a window: longer recordings have no single list."""


@dataclass(frozen=True, slots=True)
class NbestOptions:
    """Options of the command."""

    sets: tuple[str, ...]
    models: tuple[str, ...]
    precision: str
    threads: int
    counts: tuple[int, ...]
    """Numbers of readings to ask for, and of beams to find them."""
    data: Path | None
    limit: int | None


@dataclass(frozen=True, slots=True)
class ListResult:
    """Readings of one recording."""

    name: str
    texts: tuple[str, ...]
    errors: tuple[Errors, ...]
    """Edits of each text."""

    @property
    def best(self) -> Errors:
        """Edits of the reading with the fewest."""
        return min(self.errors, key=lambda errors: errors.edits)


@dataclass(frozen=True, slots=True)
class NbestSummary:
    """Result of one model and one length of the lists over a set."""

    model: str
    set: str
    n: int
    recordings: int
    mean_texts: float
    """Mean number of different readings that were found."""
    first_error_rate: float | None
    oracle_error_rate: float | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, on what, and how."""
    add_sets(parser)
    add_models(parser)
    add_threads(parser)
    add_precision(parser)
    parser.add_argument("--n", type=counts, default=(5, 10), help="comma list of readings to ask for (default 5,10)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_nbest(
        NbestOptions(
            sets=given_sets(arguments),
            models=arguments.models,
            precision=arguments.precision,
            threads=arguments.threads,
            counts=arguments.n,
            data=arguments.data,
            limit=arguments.limit,
        )
    )


def run_nbest(options: NbestOptions) -> dict[str, Any]:
    """Read every recording, print a table, and return what the JSON file holds."""
    import edge

    selection = Selection(max_seconds=_LONGEST_S, limit=options.limit)
    manifests = read_manifests(options.sets, options.data, selection)
    machine = describe_machine(commit())
    print(machine_line(machine, f"{options.threads} threads"))
    summaries: list[NbestSummary] = []
    results = []
    for name in options.models:
        model = edge.load(name, kind="speech", precision=options.precision, threads=options.threads)
        for manifest in manifests:
            for n in options.counts:
                lists = _read_set(model, manifest, n)
                summaries.append(summarize_lists(name, manifest.name, n, lists))
                results.append(asdict(summaries[-1]) | {"lists": [asdict(one) for one in lists]})
    print(f"\n{nbest_table(summaries)}", flush=True)
    settings = {"precision": options.precision, "threads": options.threads, "limit": options.limit}
    return make_result("nbest", machine, settings=settings, results=results)


def summarize_lists(model: str, name: str, n: int, lists: Sequence[ListResult]) -> NbestSummary:
    """Add up the recordings of a set."""
    return NbestSummary(
        model=model,
        set=name,
        n=n,
        recordings=len(lists),
        mean_texts=fmean(len(one.texts) for one in lists),
        first_error_rate=total(one.errors[0] for one in lists).rate,
        oracle_error_rate=total(one.best for one in lists).rate,
    )


def nbest_table(summaries: Sequence[NbestSummary]) -> str:
    """Write a row for each model, set and length of the lists."""
    header = ("model", "set", "readings", "recordings", "different", "first WER %", "oracle WER %")
    rows = []
    for one in summaries:
        rates = ["" if rate is None else f"{100 * rate:.2f}" for rate in (one.first_error_rate, one.oracle_error_rate)]
        rows.append((one.model, one.set, str(one.n), str(one.recordings), f"{one.mean_texts:.1f}", *rates))
    return table(header, rows, n_left=2)


def _read_set(model: edge.Recognizer, manifest: Manifest, n: int) -> list[ListResult]:
    known = [one for one in manifest.utterances if one.text is not None]
    if not known:
        raise BenchmarkError(f"{manifest.name} has no recording of at most {_LONGEST_S:g} s with a reference")
    lists = []
    for number, utterance in enumerate(known, start=1):
        tell(f"{model.name} on {manifest.name}: the {n} best of recording {number} of {len(known)}")
        lists.append(_read(model, utterance, n))
    tell("")
    return lists


def _read(model: edge.Recognizer, utterance: Utterance, n: int) -> ListResult:
    language = utterance.language if len(model.languages) > 1 else None
    found = model.transcribe(read_samples(utterance), language=language, timestamps=False, temperature=0, n_best=n)
    readings = (one for segment in found.segments for one in decoding_of(segment).alternatives)
    texts = tuple(one.text.strip() for one in readings) or (found.text,)
    errors = tuple(score(utterance.text or "", text, utterance.language) for text in texts)
    return ListResult(utterance.name, texts, errors)
