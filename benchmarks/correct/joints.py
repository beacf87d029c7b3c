"""Measure signs and capitals of speech that is read in short pieces, before and after its joints are mended.

Recordings are cut at the quietest place before each piece becomes too long, pause or not, as hurried dictation is. What
is counted stands at words that are right; mending must leave every word as it is.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import edge
from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ
from edge.bench.result_file import make_result
from edge.bench.sets import read_manifests, read_samples
from edge.bench.tables import machine_line, table
from edge.correct.joining import Joiner
from edge.live.evidence import letters_of
from edge.live.finals import moved
from edge.machine import describe_machine
from edge.transcript.events import Final

from ..arguments import add_data, add_json, add_models, add_threads, names
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell
from .signs import Signs, count_signs

EXAMPLES = """\
examples:
  python -m benchmarks joints --models tiny.en --seconds 4
"""

_SETS = ("longform_librivox", "longform_misc")
_QUIET_SAMPLES = round(0.3 * SAMPLE_RATE_HZ)
_LEAST = 0.4
"""Share of the length of a piece before which it is not cut."""
_STEP_SAMPLES = SAMPLE_RATE_HZ // 100


@dataclass(frozen=True, slots=True)
class JointsOptions:
    """Options of the command."""

    sets: tuple[str, ...]
    models: tuple[str, ...]
    judge: str
    seconds: float
    threads: int
    data: Path | None


@dataclass(frozen=True, slots=True)
class JointsResult:
    """Counts over a set."""

    model: str
    set: str
    joints: int
    before: Signs
    after: Signs
    words_changed: int
    ms_a_joint: float
    """Milliseconds of processor time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, on what, and how."""
    parser.add_argument("--manifest", type=names, default=_SETS, metavar="SET[,SET...]", help="sets of recordings")
    add_data(parser)
    add_models(parser)
    parser.add_argument("--judge", default="smollm2-135m", metavar="NAME", help="language model that judges")
    parser.add_argument(
        "--seconds",
        type=float,
        default=4.0,
        metavar="S",
        help="longest piece (default 4); 0 reads whole ones in their sections",
    )
    add_threads(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_joints(
        JointsOptions(
            sets=arguments.manifest,
            models=arguments.models,
            judge=arguments.judge,
            seconds=arguments.seconds,
            threads=arguments.threads,
            data=arguments.data,
        )
    )


def run_joints(options: JointsOptions) -> dict[str, Any]:
    """Read every recording in pieces, print a table, and return what the JSON file holds."""
    if options.seconds < 1 and options.seconds != 0:
        raise BenchmarkError(f"--seconds is {options.seconds:g}; expected 1 or more, or 0 for whole recordings")
    judge = edge.load(options.judge, kind="language", threads=options.threads)
    manifests = read_manifests(options.sets, options.data)
    machine = describe_machine(commit())
    print(machine_line(machine, f"{options.threads} threads, pieces of {options.seconds:g} s, judge {options.judge}"))
    results = []
    for name in options.models:
        model = edge.load(name, kind="speech", threads=options.threads)
        for manifest in manifests:
            result = JointsResult(name, manifest.name, 0, Signs(), Signs(), 0, 0.0)
            for utterance in manifest.utterances:
                if utterance.text is None or utterance.language not in (None, "en"):
                    continue
                apart = list(_read(model, read_samples(utterance), options.seconds))
                result = added(result, utterance.text, apart, judge)
                tell(f"{name}: {manifest.name}, {result.joints} joints")
            results.append(result)
    print(_table(results))
    return make_result("joints", machine, results=[asdict(result) for result in results])


def _read(model: edge.Recognizer, samples: FloatArray, most_s: float) -> Iterator[Final]:
    """Read a recording in pieces, or whole; gives the segments that are in it."""
    if not most_s:
        yield from map(Final, model.transcribe(samples, language="en", parallel=True).segments)
        return
    at = 0
    for stop in cuts(samples, round(most_s * SAMPLE_RATE_HZ)):
        for segment in model.transcribe(samples[at:stop], language="en", timestamps=False).segments:
            yield Final(moved(segment, at))
        at = stop


def cuts(samples: FloatArray, most: int) -> Iterator[int]:
    """Find the quietest places at which pieces of at most `most` samples end."""
    power = np.convolve(samples.astype(np.float64) ** 2, np.full(_QUIET_SAMPLES, 1 / _QUIET_SAMPLES), "same")
    at = 0
    while len(samples) - at > most:
        first = at + round(_LEAST * most)
        at = first + int(np.argmin(power[first : at + most : _STEP_SAMPLES])) * _STEP_SAMPLES
        yield at
    yield len(samples)


def added(result: JointsResult, text: str, apart: Sequence[Final], judge: edge.LanguageModel) -> JointsResult:
    """Add a recording to a result."""
    joiner, began = Joiner(judge), time.process_time()
    joined = [event for event in [*joiner.pass_on(apart), *joiner.release()] if isinstance(event, Final)]
    ms = 1000 * (time.process_time() - began)
    before, after = ("".join(one.segment.text for one in finals) for finals in (apart, joined))
    changed = sum(
        letters_of(one) != letters_of(other) for one, other in zip(before.split(), after.split(), strict=True)
    )
    joints = max(0, len(apart) - 1)
    return JointsResult(
        model=result.model,
        set=result.set,
        joints=result.joints + joints,
        before=result.before + count_signs(text, before),
        after=result.after + count_signs(text, after),
        words_changed=result.words_changed + changed,
        ms_a_joint=(result.ms_a_joint * result.joints + ms) / max(1, result.joints + joints),
    )


def _table(results: Sequence[JointsResult]) -> str:
    header = ("model", "set", "joints", "", "sentence-end F1", "put in, left out", "sign F1", "capitals %", "WER %")
    rows = []
    for result in results:
        for what, signs in (("as read", result.before), ("mended", result.after)):
            rows.append(
                (
                    *((result.model, result.set, str(result.joints)) if what == "as read" else ("", "", "")),
                    what,
                    f"{signs.end_f1:.1f}",
                    f"{signs.ends_put_in}, {signs.ends_left_out} of {signs.ends + signs.ends_left_out}",
                    f"{signs.sign_f1:.1f}",
                    f"{100 * signs.capitals / max(1, signs.matched):.1f}",
                    f"{100 * signs.edits / max(1, signs.words):.2f}",
                )
            )
    notes = [
        f"{one.model}, {one.set}: {one.ms_a_joint:.0f} ms a joint, words changed: {one.words_changed}"
        for one in results
    ]
    return "\n".join([table(header, rows, 2), *notes])
