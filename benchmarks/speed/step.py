"""Measure one step of the decoder beside the bytes that it must read.

A step is measured as the greedy search makes it, with timestamps: the rules, the choice and the decode. Cold:
before each decode memory is read until no cache holds the model, and how fast that goes is the bandwidth that
the step is held against. Warm: one step after the other. Precisions of a model take turns.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

import edge
from edge.bench.peaks import measure_peaks, peaks_line
from edge.bench.result_file import make_result
from edge.bench.roofline import NUMBER_TYPES, Window, cache_bytes, weight_bytes, windows_of
from edge.bench.stopwatch import StepTime, TimedState
from edge.bench.tables import machine_line
from edge.errors import EdgeError
from edge.machine import describe_machine
from edge.whisper.engines.protocol import State
from edge.whisper.file.dims import FRAMES_PER_POSITION
from edge.whisper.file.model import open_model
from edge.whisper.search.greedy import Bounds, GreedyDecoder, Prompt, make_prompt
from edge.whisper.search.rules import TokenRules

from ..arguments import add_json, add_models, add_thread_counts, names, numbers, positive
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell
from ..whisper import load_whisper
from .caches import Evictor
from .step_report import Cache, Case, DraftRate, StepRate, draft_rate, draft_table, step_rate, step_table

EXAMPLES = """\
examples:
  python -m benchmarks step --models tiny.en,base --json step.json
  python -m benchmarks step --precision int8,int4 --seconds 8 --rounds 5
"""

DRAFTS = (1, 2, 3, 4, 6, 8)
"""Numbers of tokens in one call, as when a draft is verified."""
_TOKENS_BEFORE_DRAFT = 16


@dataclass(frozen=True, slots=True)
class StepOptions:
    """Options of the command."""

    models: tuple[str, ...]
    """Names, or model files, which have a precision of their own."""
    precisions: tuple[str, ...]
    threads: tuple[int, ...]
    seconds: tuple[float, ...]
    """Lengths of the clips that the decoder attends to."""
    steps: int
    """Number of steps in a round."""
    rounds: int


@dataclass(frozen=True, slots=True)
class _Contender:
    """A model at one precision."""

    model: edge.Model
    weights: float
    """Bytes of the weights that a step reads."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, and for how long."""
    add_models(parser, ", names and .gguf files", default=("tiny.en", "base"))
    parser.add_argument(
        "--precision",
        type=names,
        default=("int8",),
        help="precisions of models given by name, a comma list that takes turns (default int8)",
    )
    add_thread_counts(parser)
    parser.add_argument(
        "--seconds",
        type=numbers,
        default=(30.0, 8.0),
        help="comma list of lengths of the clip that is attended to (default 30,8)",
    )
    parser.add_argument("--steps", type=positive, default=24, help="steps of a round (default 24)")
    parser.add_argument("--rounds", type=positive, default=3, help="rounds of each measurement (default 3)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_step(
        StepOptions(
            models=arguments.models,
            precisions=arguments.precision,
            threads=arguments.threads,
            seconds=arguments.seconds,
            steps=arguments.steps,
            rounds=arguments.rounds,
        )
    )


def run_step(options: StepOptions) -> dict[str, Any]:
    """Measure, print two tables for each number of threads, and return what the JSON file holds."""
    for precision in options.precisions:
        if precision not in NUMBER_TYPES:
            raise BenchmarkError(f"no precision {precision!r}; there are {', '.join(NUMBER_TYPES)}")
    machine = describe_machine(commit())
    peaks, steps, drafts = [], [], []
    for threads in options.threads:
        print(machine_line(machine, f"{threads} threads"), flush=True)
        peaks.append(measure_peaks(threads))
        evict = Evictor(threads)
        found_steps, found_drafts = [], []
        for group in _groups(options, threads):
            for seconds in options.seconds:
                clip = _clip(group[0].model, seconds)
                cases = [
                    Case(one.model.name, one.model.precision, threads, seconds, clip.rows, "cold") for one in group
                ]
                found_steps += _measure_steps(group, cases, clip, options, evict)
                for one, case in zip(group, cases, strict=True):
                    found_drafts += _measure_drafts(one.model, case, clip, options, evict)
        tell("")
        print(
            f"peaks: {peaks_line(peaks[-1])}\n\n{step_table(found_steps)}\n\n{draft_table(found_drafts)}\n", flush=True
        )
        steps += found_steps
        drafts += found_drafts
    return make_result(
        "step",
        machine,
        settings={"steps": options.steps, "rounds": options.rounds},
        peaks=[asdict(peak) for peak in peaks],
        results=[asdict(rate) for rate in steps],
        drafts=[asdict(rate) for rate in drafts],
    )


def _groups(options: StepOptions, threads: int) -> list[list[_Contender]]:
    """Load the precisions of each model, which stand beside the first of them."""
    groups: dict[str, list[_Contender]] = {}
    for name in options.models:
        precisions = (None,) if name.endswith(".gguf") else options.precisions
        for one in (_load(name, precision, threads) for precision in precisions):
            group = groups.setdefault(one.model.name, [])
            if any(one.model.precision == other.model.precision for other in group):
                raise BenchmarkError(f"{name}: {one.model.name} at {one.model.precision} is named twice")
            group.append(one)
    return list(groups.values())


def _load(name: str, precision: str | None, threads: int) -> _Contender:
    try:
        model = load_whisper(name, precision, threads)
        with open_model(model.path) as file:
            return _Contender(model, weight_bytes(file.tensors))
    except EdgeError as error:
        raise BenchmarkError(str(error)) from error


def _clip(model: edge.Model, seconds: float) -> Window:
    """Return the one window of a clip, as the product encodes it."""
    windows = windows_of(seconds, model.engine.dims, model.engine.tail)
    if len(windows) > 1:
        raise BenchmarkError(f"a clip of {seconds:g} s is longer than a window of {model.name}")
    return windows[0]


def _encoded(model: edge.Model, clip: Window) -> State:
    """Return a state that has heard noise: what the decoder says of it does not matter, only how long it takes."""
    noise = np.random.default_rng(0).uniform(-1, 1, (clip.positions * FRAMES_PER_POSITION, model.engine.dims.n_mels))
    state = model.engine.new_state()
    state.encode(noise.astype(np.float32))
    return state


def _measure_steps(
    group: Sequence[_Contender], cases: Sequence[Case], clip: Window, options: StepOptions, evict: Evictor
) -> list[StepRate]:
    """Measure cold and warm in turns, and in each of them the precisions."""
    states = [_encoded(one.model, clip) for one in group]
    evict.rates.clear()
    rounds: dict[tuple[int, Cache], list[list[StepTime]]] = {}
    for number in range(options.rounds):
        tell(f"{cases[0].model}, {cases[0].seconds:g} s: round {number + 1} of {options.rounds}")
        for cache, before_step in _caches(evict).items():
            for index, (one, state) in enumerate(zip(group, states, strict=True)):
                timed = TimedState(state, one.model.tokenizer.eot, before_step)
                _greedy(one.model, options.steps)(timed, _prompt(one.model))
                rounds.setdefault((index, cache), []).append(timed.steps)
    read = float(np.median(evict.rates))
    return [
        step_rate(replace(cases[index], cache=cache), times, read, _bytes_of(group[index], cases[index]))
        for (index, cache), times in sorted(rounds.items())
    ]


def _measure_drafts(
    model: edge.Model, case: Case, clip: Window, options: StepOptions, evict: Evictor
) -> list[DraftRate]:
    """Measure every number of tokens in turns."""
    state = _encoded(model, clip)
    state.decode(np.full((1, _TOKENS_BEFORE_DRAFT), model.tokenizer.sot, np.int32))
    times: dict[tuple[Cache, int], list[float]] = {}
    for number in range(options.rounds):
        tell(f"{case.model}, {case.seconds:g} s: drafts, round {number + 1} of {options.rounds}")
        for cache, before_step in _caches(evict).items():
            for _ in range(max(1, options.steps // 2)):
                for n_tokens in DRAFTS:
                    times.setdefault((cache, n_tokens), []).append(_verify(state, n_tokens, before_step))
    return [
        draft_rate(replace(case, cache=cache), n_tokens, measured, times[cache, 1])
        for (cache, n_tokens), measured in times.items()
    ]


def _verify(state: State, n_tokens: int, before: Callable[[], None]) -> float:
    """Time a call that decodes so many tokens and gives the logits of each; leave the state as before it."""
    tokens = np.arange(n_tokens, dtype=np.int32)[None, :]
    before()
    began = perf_counter()
    state.decode(tokens, last_only=False)
    elapsed_s = perf_counter() - began
    state.rewind(_TOKENS_BEFORE_DRAFT)
    return elapsed_s


def _caches(evict: Evictor) -> dict[Cache, Callable[[], None]]:
    return {"cold": evict, "warm": lambda: None}


def _greedy(model: edge.Model, n_steps: int) -> GreedyDecoder:
    """Build the product's search, through so many steps after the first."""
    rules = TokenRules(model.tokenizer, suppress_tokens=model.suppress_tokens or None)
    return GreedyDecoder(model.tokenizer, rules, Bounds(model.engine.dims.n_text_ctx, n_steps + 2))


def _prompt(model: edge.Model) -> Prompt:
    language = "en" if model.tokenizer.is_multilingual else None
    return make_prompt(model.tokenizer, model.engine.dims.n_text_ctx, language=language)


def _bytes_of(one: _Contender, case: Case) -> Callable[[int], float]:
    dims, types = one.model.engine.dims, NUMBER_TYPES[one.model.precision]
    return lambda n_past: one.weights + cache_bytes(dims, types, case.keys, n_past)
