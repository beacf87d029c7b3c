"""Measure what is gained when several share a pass over the weights.

The first table is a step of the decoder for several states at once, each with a clip and a past of its own, over the
time of a step for one. The second, with --manifest, is recordings that several threads transcribe at the same time, as
a folder or a server does: how many a second, how long each takes, and what each costs of the processors. Numbers of
states, and of threads, take turns in each round, and ratios are taken round by round. With --threads 1 a step is
measured by the processor's time, which others on the machine hardly change.

With --engines the second table also has as many processes of our own and of others, which read one recording each and
divide the threads among them, one at least. Ours, as edgewise:int8:fallback=on, has to give the words of one process.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import edge
from edge.arrays import FloatArray
from edge.bench.result_file import make_result
from edge.bench.roofline import NUMBER_TYPES
from edge.bench.sets import Selection, Utterance, read_manifests, read_samples
from edge.bench.tables import machine_line, table
from edge.machine import describe_machine
from edge.whisper.engines.native import Call, WhisperEngine, decode_all
from edge.whisper.file.dims import FRAMES_PER_POSITION

from ..arguments import add_data, add_json, add_models, add_threads, counts, names, positive
from ..checkout import commit
from ..errors import BenchmarkError
from ..peers.specs import EngineSpec, parse_engine
from ..progress import tell
from ..whisper import load_whisper
from .processes import Processes, Round, is_ours

EXAMPLES = """\
examples:
  python -m benchmarks together --models tiny.en,base --precision int8,int4
  python -m benchmarks together --manifest librispeech_test_other --limit 64 --sessions 1,4,16,64
  python -m benchmarks together --engines edgewise:int8:fallback=on,faster-whisper:int8,transcribe-cpp:q8_0
"""

_CLIP_S = 8
_PROMPT_TOKENS = 16


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Times of a step of one model."""

    model: str
    precision: str
    ms: dict[int, float]
    """Milliseconds of the fastest step of a round, the median of the rounds, by number of states."""
    ratio: dict[int, float]
    """Median over the rounds of the time over that of one state."""


@dataclass(frozen=True, slots=True)
class Load:
    """Transcriptions by some number of threads, or of processes, at once."""

    model: str
    precision: str
    engine: str
    """Engine of the processes; empty for threads of one process of ours."""
    sessions: int
    per_s: float
    """Recordings a second, the median of the rounds."""
    gain: float
    """Median over the rounds of recordings a second over those of the first number of threads in one process."""
    cpu_ms: float
    """Milliseconds of all processors for a recording, the median of the rounds."""
    latency_ms: tuple[float, float, float]
    """Quantiles over all rounds of how long a transcription took: p50, p95 and p99."""
    calls_per_step: float | None
    """Calls that a step served, on average: how full batches were; None for processes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, and for how long."""
    add_models(parser, default=("tiny.en", "base"))
    parser.add_argument("--precision", type=names, default=("int8",), help="comma list (default int8)")
    add_threads(parser)
    parser.add_argument(
        "--states",
        type=counts,
        default=(1, 2, 3, 4, 6, 8, 12, 16),
        help="comma list of numbers of states (default 1,2,3,4,6,8,12,16)",
    )
    parser.add_argument("--manifest", type=names, default=(), metavar="SET[,SET...]", help="recordings to transcribe")
    add_data(parser)
    parser.add_argument("--limit", type=positive, help="only so many recordings, from the first of each set")
    parser.add_argument(
        "--sessions",
        type=counts,
        default=(1, 4, 16, 64),
        help="comma list of numbers of threads that transcribe (default 1,4,16,64)",
    )
    parser.add_argument(
        "--engines", type=names, default=(), metavar="ENGINE[:PRECISION],...", help="engines to run as processes beside"
    )
    parser.add_argument(
        "--processes", type=counts, default=(1, 4, 16), help="comma list of numbers of these (default 1,4,16)"
    )
    parser.add_argument("--steps", type=positive, default=20, help="steps of a round (default 20)")
    parser.add_argument("--rounds", type=positive, default=5, help="rounds of each measurement (default 5)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure, print tables, and return what the JSON file holds."""
    for precision in arguments.precision:
        if precision not in NUMBER_TYPES:
            raise BenchmarkError(f"no precision {precision!r}; there are {', '.join(NUMBER_TYPES)}")
    machine = describe_machine(commit())
    print(machine_line(machine, f"{arguments.threads} threads"), flush=True)
    manifests = read_manifests(arguments.manifest, arguments.data, Selection(limit=arguments.limit))
    utterances = [utterance for manifest in manifests for utterance in manifest.utterances]
    specs = [parse_engine(text) for text in arguments.engines]
    if specs and not utterances:
        raise BenchmarkError("--engines read recordings: give --manifest with them")
    steps: list[StepTimes] = []
    loads: list[Load] = []
    for name in arguments.models:
        for precision in arguments.precision:
            model = load_whisper(name, precision, arguments.threads)
            steps.append(measure_steps(model, arguments.states, arguments.steps, arguments.rounds))
            if utterances:
                with ExitStack() as stack:
                    beside = _processes(model, name, specs, arguments, stack)
                    loads += measure_loads(model, utterances, arguments, beside)
    tell("")
    print(f"\n{step_table(steps)}")
    if loads:
        print(f"\n{load_table(loads)}")
    return make_result(
        "together",
        machine,
        settings={"threads": arguments.threads, "rounds": arguments.rounds, "recordings": len(utterances)},
        steps=[asdict(one) for one in steps],
        loads=[asdict(one) for one in loads],
    )


def _processes(
    model: edge.Model, name: str, specs: Sequence[EngineSpec], arguments: argparse.Namespace, stack: ExitStack
) -> list[Processes]:
    """Start the processes of other engines, and of ours, until the end of a stack."""
    scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edgewise-benchmarks-")))
    is_english = not model.tokenizer.is_multilingual
    return [
        stack.enter_context(
            Processes(spec, name, arguments.processes, arguments.threads, scratch, is_english=is_english)
        )
        for spec in specs
    ]


def measure_steps(model: edge.Model, states: Sequence[int], n_steps: int, n_rounds: int) -> StepTimes:
    """Time steps of every number of states, in turns."""
    engine = model.engine
    if not isinstance(engine, WhisperEngine):
        raise BenchmarkError(f"{model.name}: expected edgewise's own engine, whose steps are measured here")
    ready = [engine.new_state() for _ in range(max(states))]
    # A thread that waits for another spins, and its processor time with it.
    clock = time.process_time if engine.threads == 1 else time.perf_counter
    noise = np.random.default_rng(0)
    for number, state in enumerate(ready):  # each at another place
        n_positions = _CLIP_S * 50 + number
        mel = noise.uniform(-1, 1, (n_positions * FRAMES_PER_POSITION, engine.dims.n_mels))
        state.encode(mel.astype(np.float32))
        state.decode(np.full((1, _PROMPT_TOKENS + number), model.tokenizer.sot, np.int32))
    token = np.full((1, 1), model.tokenizer.sot, np.int32)
    rounds: dict[int, list[float]] = {count: [] for count in states}
    for number in range(n_rounds):
        tell(f"{model.name} {model.precision}: steps, round {number + 1} of {n_rounds}")
        for count in states:
            calls = [Call(state, token) for state in ready[:count]]
            began_at = [state.n_past for state in ready[:count]]
            times = [_seconds(partial(decode_all, calls), clock) for _ in range(n_steps)]
            rounds[count].append(min(times))  # others on the machine only ever make one slower
            for state, n_past in zip(ready, began_at, strict=False):
                state.rewind(n_past)
    first = rounds[states[0]]
    return StepTimes(
        model.name,
        model.precision,
        ms={count: 1e3 * float(np.median(times)) for count, times in rounds.items()},
        ratio={count: _ratio(times, first) for count, times in rounds.items()},
    )


def measure_loads(
    model: edge.Model, utterances: Sequence[Utterance], arguments: argparse.Namespace, beside: Sequence[Processes]
) -> list[Load]:
    """Transcribe all recordings in every way, in turns: with numbers of threads, and of processes of each engine."""
    sounds = [read_samples(utterance) for utterance in utterances]
    ways = [_Way("", count, partial(_transcribe_all, model, sounds, count)) for count in arguments.sessions]
    for processes in beside:
        processes.warm_up(utterances[0])
        label, is_held = processes.spec.label, is_ours(processes.spec)
        ways += [
            _Way(label, count, partial(processes.read_all, utterances, count), is_held) for count in arguments.processes
        ]
    expected = [model.transcribe(sound).text for sound in sounds]
    for number in range(arguments.rounds):
        for way in ways:
            tell(f"{model.name} {model.precision}: {way.label}, round {number + 1} of {arguments.rounds}")
            one = way.read()
            if way.is_held and one.texts != expected:
                raise BenchmarkError(f"{model.name}: {way.label} give other words than one at a time")
            way.rounds.append(one)
    first = [one.per_s for one in ways[0].rounds]
    return [
        Load(
            model.name,
            model.precision,
            way.engine,
            way.count,
            per_s=float(np.median([one.per_s for one in way.rounds])),
            gain=_ratio([one.per_s for one in way.rounds], first),
            cpu_ms=float(np.median([one.cpu_ms for one in way.rounds])),
            latency_ms=_quantiles([ms for one in way.rounds for ms in one.latency_ms]),
            calls_per_step=_mean([one.calls_per_step for one in way.rounds]),
        )
        for way in ways
    ]


def step_table(steps: Sequence[StepTimes]) -> str:
    """Write a row for each model, a column for each number of states."""
    states = list(steps[0].ms)
    header = ("model", f"t({states[0]}) ms", *(f"t({count})/t({states[0]})" for count in states[1:]))
    rows = [
        (f"{one.model} {one.precision}", f"{one.ms[states[0]]:.2f}", *(f"{one.ratio[n]:.2f}" for n in states[1:]))
        for one in steps
    ]
    return table(header, rows)


def load_table(loads: Sequence[Load]) -> str:
    """Write a row for each number of threads or processes."""
    header = (
        "model",
        "read by",
        "at once",
        "a second",
        "gain",
        "CPU ms each",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "calls a step",
    )
    rows = [
        (
            f"{one.model} {one.precision}",
            f"processes of {one.engine}" if one.engine else "threads of one process",
            str(one.sessions),
            f"{one.per_s:.1f}",
            f"{one.gain:.2f}",
            f"{one.cpu_ms:.1f}",
            *(f"{ms:.0f}" for ms in one.latency_ms),
            "" if one.calls_per_step is None else f"{one.calls_per_step:.2f}",
        )
        for one in loads
    ]
    return table(header, rows)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to read all recordings."""

    engine: str
    count: int
    read: Callable[[], Round]
    is_held: bool = True
    """Whether the words have to be those of one at a time."""
    rounds: list[Round] = field(default_factory=list)

    @property
    def label(self) -> str:
        """Name of the way, for whoever waits."""
        return f"{self.count} processes of {self.engine}" if self.engine else f"{self.count} at once"


def _transcribe_all(model: edge.Model, sounds: Sequence[FloatArray], n_threads: int) -> Round:
    """Transcribe with so many threads, each of which takes the next recording when it is done with one."""

    def read(sound: FloatArray) -> tuple[str, float]:
        began = time.perf_counter()
        text = model.transcribe(sound).text
        return text, 1e3 * (time.perf_counter() - began)

    n_steps, n_calls = model.scheduler.n_steps, model.scheduler.n_calls
    began, began_cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(n_threads) as pool:
        found = list(pool.map(read, sounds))
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    n_steps, n_calls = model.scheduler.n_steps - n_steps, model.scheduler.n_calls - n_calls
    return Round(
        texts=[text for text, _ in found],
        per_s=len(sounds) / wall_s,
        cpu_ms=1e3 * cpu_s / len(sounds),
        latency_ms=[ms for _, ms in found],
        calls_per_step=n_calls / max(1, n_steps),
    )


def _seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    work()
    return clock() - began


def _ratio(rounds: Sequence[float], first: Sequence[float]) -> float:
    return float(np.median([mine / its for mine, its in zip(rounds, first, strict=True)]))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _quantiles(values: Sequence[float]) -> tuple[float, float, float]:
    p50, p95, p99 = (float(value) for value in np.percentile(values, (50, 95, 99)))
    return p50, p95, p99
