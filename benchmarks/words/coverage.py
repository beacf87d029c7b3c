"""Count the words lost in recordings that recognizers lose speech in, made from ordinary ones.

Utterances of the sets are joined with what public bug reports tell of: one said again and again, pauses of 2 to 10 s,
a minute of silence or noise before the first word, a voice that is far quieter than the one before it. What counts is
the words that are missing. The same seed gives the same recordings.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ
from edge.bench.result_file import make_result
from edge.bench.scoring import Errors, score, total
from edge.bench.sets import Selection, Utterance, read_manifests, read_samples
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
  python -m benchmarks coverage --manifest telephone_prompts,timit_sample --models tiny.en,base
"""

_SHORTEST_S, _LONGEST_S = 1.5, 9.0
_NOISE_LEVELS = (0.0, 0.001, 0.004)
_QUIET = 0.05
"""Factor for a voice that is quieter than one at full loudness by 26 dB."""

Said = tuple[FloatArray, str]
"""Samples and the words in them."""


@dataclass(frozen=True, slots=True)
class CoverageOptions:
    """Options of the command."""

    sets: tuple[str, ...]
    models: tuple[str, ...]
    precision: str
    threads: int
    data: Path | None
    limit: int | None
    recordings: int
    """Number of recordings made of each kind."""
    seed: int
    timestamps: bool


@dataclass(frozen=True, slots=True)
class CoverageResult:
    """Result of one model on one kind of recording."""

    model: str
    kind: str
    recordings: int
    seconds: float
    errors: Errors
    gaps: int
    """Number of stretches that the transcripts say are missing."""


class RecordingMaker:
    """Maker of recordings out of utterances; what it draws depends on its seed alone."""

    def __init__(self, utterances: Sequence[Utterance], seed: int) -> None:
        self._utterances = utterances
        self._rng = np.random.default_rng(seed)

    def repeated(self) -> Iterator[Said]:
        """Make one utterance three to seven times, then two others."""
        again, pause = self._said(), float(self._rng.choice([0.1, 0.3, 0.8, 1.5]))
        for part in (*[again] * int(self._rng.integers(3, 8)), self._said(), self._said()):
            yield part
            yield self._noise(pause, 0.0)

    def paused(self) -> Iterator[Said]:
        """Make two to eight utterances with long pauses, silent or of faint noise."""
        level = float(self._rng.choice(_NOISE_LEVELS))
        for _ in range(int(self._rng.integers(2, 9))):
            yield self._said()
            yield self._noise(float(self._rng.uniform(2, 10)), level)

    def behind_silence(self) -> Iterator[Said]:
        """Make utterances with up to a minute of silence before each."""
        yield from self._behind(0.0)

    def behind_noise(self) -> Iterator[Said]:
        """Make utterances with up to a minute of faint noise before each."""
        yield from self._behind(0.003)

    def quiet_voice(self) -> Iterator[Said]:
        """Make an utterance, and a much quieter one."""
        yield self._said()
        yield self._noise(3.0, 0.0005)
        samples, text = self._said()
        yield samples * np.float32(_QUIET), text
        yield self._noise(2.0, 0.0005)

    def _behind(self, level: float) -> Iterator[Said]:
        for _ in range(2):
            yield self._noise(float(self._rng.uniform(5, 60)), level)
            yield self._said()

    def _said(self) -> Said:
        utterance = self._utterances[int(self._rng.integers(len(self._utterances)))]
        return read_samples(utterance), utterance.text or ""

    def _noise(self, seconds: float, level: float) -> Said:
        return (self._rng.standard_normal(round(seconds * SAMPLE_RATE_HZ)) * level).astype(np.float32), ""


KINDS: tuple[Callable[[RecordingMaker], Iterator[Said]], ...] = (
    RecordingMaker.repeated,
    RecordingMaker.paused,
    RecordingMaker.behind_silence,
    RecordingMaker.behind_noise,
    RecordingMaker.quiet_voice,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, on what, and how."""
    add_sets(parser)
    add_models(parser)
    add_threads(parser)
    add_precision(parser)
    parser.add_argument(
        "--recordings", type=positive, default=20, metavar="N", help="make so many of each kind (default 20)"
    )
    parser.add_argument("--seed", type=int, default=0, help="draw other recordings with another number (default 0)")
    parser.add_argument(
        "--timestamps",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="decode segment times, as users get them (default: yes)",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_coverage(
        CoverageOptions(
            sets=given_sets(arguments),
            models=arguments.models,
            precision=arguments.precision,
            threads=arguments.threads,
            data=arguments.data,
            limit=arguments.limit,
            recordings=arguments.recordings,
            seed=arguments.seed,
            timestamps=arguments.timestamps,
        )
    )


def run_coverage(options: CoverageOptions) -> dict[str, Any]:
    """Read every recording, print a table, and return what the JSON file holds."""
    import edge

    selection = Selection(min_seconds=_SHORTEST_S, max_seconds=_LONGEST_S, limit=options.limit)
    manifests = read_manifests(options.sets, options.data, selection)
    known = [one for manifest in manifests for one in manifest.utterances if one.text]
    if not known:
        raise BenchmarkError(f"no recording of {_SHORTEST_S:g} to {_LONGEST_S:g} s with a reference in these sets")
    machine = describe_machine(commit())
    print(machine_line(machine, f"{options.threads} threads"))
    results = []
    for name in options.models:
        model = edge.load(name, kind="speech", precision=options.precision, threads=options.threads)
        results += [_measure(model, kind, known, options) for kind in KINDS]
    tell("")
    print(f"\n{coverage_table(results)}", flush=True)
    settings = {"precision": options.precision, "threads": options.threads, "seed": options.seed}
    return make_result(
        "coverage",
        machine,
        settings=settings | {"timestamps": options.timestamps},
        results=[asdict(one) for one in results],
    )


def coverage_table(results: Sequence[CoverageResult]) -> str:
    """Write a row for each model and kind of recording."""
    header = ("model", "recordings that are", "number", "minutes", "words", "WER %", "missing", "too many", "gaps")
    rows = []
    for one in results:
        errors = one.errors
        rate = "" if errors.rate is None else f"{100 * errors.rate:.1f}"
        counts = (errors.words, rate, errors.deletions, errors.insertions, one.gaps)
        rows.append((one.model, one.kind, str(one.recordings), f"{one.seconds / 60:.1f}", *map(str, counts)))
    return table(header, rows, n_left=2)


def _measure(
    model: edge.Recognizer,
    kind: Callable[[RecordingMaker], Iterator[Said]],
    known: Sequence[Utterance],
    options: CoverageOptions,
) -> CoverageResult:
    maker, name = RecordingMaker(known, options.seed), kind.__name__.replace("_", " ")
    errors, seconds, gaps = [], 0.0, 0
    for number in range(1, options.recordings + 1):
        tell(f"{model.name}: recording {number} of {options.recordings}, {name}")
        parts = list(kind(maker))
        found = model.transcribe(
            np.concatenate([samples for samples, _ in parts]), language="en", timestamps=options.timestamps
        )
        errors.append(score(" ".join(text for _, text in parts if text), found.text))
        seconds += found.duration
        gaps += len(found.gaps)
    return CoverageResult(model.name, name, options.recordings, seconds, total(errors), gaps)
