"""Measure long recordings window after window, and in sections that are read several at a time.

Both take turns at each recording. Words are held against the reference; gaps are speech that is reported as missing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

import edge
from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ
from edge.bench.result_file import make_result
from edge.bench.scoring import Errors, require_scoring, score, total
from edge.bench.sets import Selection, Utterance, read_manifests, read_samples
from edge.bench.tables import machine_line, table
from edge.machine import describe_machine

from ..arguments import add_json, add_models, add_precision, add_sets, add_threads, given_sets, positive
from ..checkout import commit
from ..progress import tell
from ..whisper import load_whisper

EXAMPLES = """\
examples:
  python -m benchmarks parallel --manifest longform_librivox --models tiny.en,base
  python -m benchmarks parallel --manifest longform_librivox,longform_misc --rounds 3 --json parallel.json
"""


@dataclass(slots=True)
class Way:
    """One of the two ways of reading the recordings of a set."""

    model: str
    set: str
    parallel: bool
    errors: Errors = field(default_factory=Errors)
    gaps_s: float = 0.0
    """Seconds of speech that are reported as missing."""
    audio_s: float = 0.0
    wall_s: list[float] = field(default_factory=list)
    """Seconds that all recordings took, for each round."""
    cpu_s: list[float] = field(default_factory=list)
    """Seconds of all processors, for each round."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure."""
    add_sets(parser)
    add_models(parser)
    add_precision(parser)
    add_threads(parser)
    parser.add_argument("--rounds", type=positive, default=1, help="rounds of each measurement (default 1)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure, print a table, and return what the JSON file holds."""
    require_scoring()
    machine = describe_machine(commit())
    print(machine_line(machine, f"{arguments.threads} threads"), flush=True)
    manifests = read_manifests(given_sets(arguments), arguments.data, Selection(limit=arguments.limit))
    ways: list[Way] = []
    for name in arguments.models:
        model = load_whisper(name, arguments.precision, arguments.threads)
        for manifest in manifests:
            both = [Way(model.name, manifest.name, parallel) for parallel in (False, True)]
            for way in both:
                way.wall_s, way.cpu_s = [0.0] * arguments.rounds, [0.0] * arguments.rounds
            for utterance in manifest.utterances:
                tell(f"{model.name}: {utterance.name}")
                measure(model, utterance, read_samples(utterance), both, arguments.rounds)
            ways += both
    tell("")
    print(f"\n{ways_table(ways)}")
    return make_result(
        "parallel",
        machine,
        settings={"threads": arguments.threads, "rounds": arguments.rounds, "precision": arguments.precision},
        results=[asdict(way) for way in ways],
    )


def measure(model: edge.Model, utterance: Utterance, samples: FloatArray, ways: Sequence[Way], n_rounds: int) -> None:
    """Read a recording in each way, in turns, and add it to what the ways have."""
    for number in range(n_rounds):
        for way in ways:
            began, began_cpu = time.perf_counter(), time.process_time()
            found = model.transcribe(samples, parallel=way.parallel)
            way.wall_s[number] += time.perf_counter() - began
            way.cpu_s[number] += time.process_time() - began_cpu
            if number:
                continue
            way.audio_s += len(samples) / SAMPLE_RATE_HZ
            way.gaps_s += sum(gap.end - gap.start for gap in found.gaps)
            if utterance.text is not None:
                way.errors = total([way.errors, score(utterance.text, found.text, utterance.language)])


def ways_table(ways: Sequence[Way]) -> str:
    """Write a row for each way; `gain` is how many times as fast as window after window, round by round."""
    header = (
        "model",
        "recordings",
        "read",
        "words",
        "WER %",
        "missing s",
        "times real time",
        "CPU s",
        "gain",
        "by CPU",
    )
    rows = []
    for way in ways:
        first = next(one for one in ways if (one.model, one.set) == (way.model, way.set))
        rate = way.errors.rate
        rows.append(
            (
                way.model,
                way.set,
                "in sections" if way.parallel else "window after window",
                str(way.errors.words),
                "" if rate is None else f"{100 * rate:.2f}",
                f"{way.gaps_s:.1f}",
                f"{way.audio_s / np.median(way.wall_s):.0f}",
                f"{np.median(way.cpu_s):.2f}",
                _gain(first.wall_s, way.wall_s),
                _gain(first.cpu_s, way.cpu_s),
            )
        )
    return table(header, rows, n_left=3)


def _gain(first: Sequence[float], mine: Sequence[float]) -> str:
    return f"{np.median([one / other for one, other in zip(first, mine, strict=True)]):.2f}"
