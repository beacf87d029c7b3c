"""Measure how fast language models read a batch of tokens and write one after another, engines by turns.

Each model is in a process of its own, so that its memory is its own; one works at a time.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, Protocol

import numpy as np

from edge.bench.result_file import make_result
from edge.bench.tables import machine_line, table
from edge.machine import describe_machine, peak_rss_mb

from ..arguments import add_json, add_threads, positive
from ..checkout import commit
from ..errors import BenchmarkError
from ..models.language_models import OwnFile, own_file
from ..progress import tell

EXAMPLES = """\
examples:
  python -m benchmarks language edgewise:smollm2.gguf@int8 smollm2-int4.gguf smollm2-q8_0.gguf smollm2-q4_0.gguf
"""

_WAIT_S = 600.0


@dataclass(frozen=True, slots=True)
class LanguageOptions:
    """Options of the command."""

    models: tuple[Path, ...]
    batch: int
    """Tokens that are read in one call."""
    steps: int
    """Tokens that are read one by one behind them."""
    rounds: int
    threads: int


@dataclass(frozen=True, slots=True)
class Round:
    """Times of one round, in milliseconds a token."""

    batch_ms: float
    batch_cpu_ms: float
    """Time of all threads together."""
    step_ms: float
    step_cpu_ms: float


@dataclass(frozen=True, slots=True)
class LanguageSpeed:
    """Measurements of one model."""

    model: str
    engine: str
    n_bytes: int
    load_s: float
    load_cpu_s: float
    peak_rss_mb: float
    rounds: tuple[Round, ...]


class Reader(Protocol):
    """A model that reads tokens and keeps what it read."""

    def begin(self, tokens: list[int]) -> None:
        """Forget everything, and read these."""
        ...

    def go_on(self, token: int) -> None:
        """Read one more, and compute the logits of what comes next."""
        ...


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the models, and how much each reads."""
    parser.add_argument(
        "models", type=Path, nargs="+", metavar="MODEL", help="GGUF files; edgewise:FILE[@PRECISION] for ours"
    )
    parser.add_argument("--batch", type=positive, default=128, help="tokens read in one call (default 128)")
    parser.add_argument("--steps", type=positive, default=64, help="tokens read one by one after them (default 64)")
    parser.add_argument("--rounds", type=positive, default=7, help="rounds, models by turns (default 7)")
    add_threads(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_language(
        LanguageOptions(
            models=tuple(arguments.models),
            batch=arguments.batch,
            steps=arguments.steps,
            rounds=arguments.rounds,
            threads=arguments.threads,
        )
    )


def run_language(options: LanguageOptions) -> dict[str, Any]:
    """Measure, print a table, and return what the JSON file holds."""
    context = multiprocessing.get_context("spawn")
    workers: list[_Worker] = []
    try:
        for path in options.models:
            tell(f"loading {path}")
            workers.append(_Worker(context, path, options))
        for number in range(options.rounds):
            for worker in workers:
                tell(f"round {number + 1} of {options.rounds}")
                worker.measure()
    finally:
        for worker in workers:
            worker.close()
        tell("")
    found = [worker.result() for worker in workers]
    machine = describe_machine(commit())
    print(f"{machine_line(machine)}; {options.threads} threads\n\n{speed_table(found)}")
    settings = {"batch": options.batch, "steps": options.steps, "threads": options.threads}
    return make_result("language", machine, settings=settings, results=[asdict(speed) for speed in found])


def speed_table(found: Sequence[LanguageSpeed]) -> str:
    """Write a row for each model: medians, least and most in brackets."""
    header = ("model", "engine", "MB", "load s", "RSS MB", "batch ms/token", "cpu", "one token ms", "cpu")
    rows = [
        (
            speed.model,
            speed.engine,
            f"{speed.n_bytes / 1e6:.1f}",
            f"{speed.load_s:.2f}",
            f"{speed.peak_rss_mb:.0f}",
            _spread([measured.batch_ms for measured in speed.rounds]),
            _spread([measured.batch_cpu_ms for measured in speed.rounds]),
            _spread([measured.step_ms for measured in speed.rounds]),
            _spread([measured.step_cpu_ms for measured in speed.rounds]),
        )
        for speed in found
    ]
    return table(header, rows, n_left=2)


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


class _Worker:
    """The parent's end of one model's process."""

    def __init__(self, context: Any, path: Path, options: LanguageOptions) -> None:
        self._path, self._options = path, options
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, path, options), daemon=True)
        self._process.start()
        theirs.close()
        self._rounds: list[Round] = []
        self._loaded: tuple[str, int, float, float] = self._answer()
        self._rss_mb = 0.0

    def measure(self) -> None:
        """Have it measure one round."""
        self._pipe.send("round")
        measured, self._rss_mb = self._answer()
        self._rounds.append(measured)

    def result(self) -> LanguageSpeed:
        engine, n_bytes, load_s, load_cpu_s = self._loaded
        return LanguageSpeed(self._path.name, engine, n_bytes, load_s, load_cpu_s, self._rss_mb, tuple(self._rounds))

    def close(self) -> None:
        self._pipe.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()

    def _answer(self) -> Any:
        try:
            answer = self._pipe.recv() if self._pipe.poll(_WAIT_S) else f"no answer within {_WAIT_S:.0f} s"
        except EOFError:
            answer = "its process ended"
        if isinstance(answer, str):
            raise BenchmarkError(f"{self._path}: {answer}")
        return answer


def _serve(pipe: Connection, path: Path, options: LanguageOptions) -> None:
    """Load a model, and measure a round whenever asked to, until the parent is gone."""
    started, cpu = perf_counter(), process_time()
    try:
        engine, file, reader = _open(path, options)
        reader.begin([1])
        pipe.send((engine, file.stat().st_size, perf_counter() - started, process_time() - cpu))
        tokens = np.random.default_rng(0).integers(1, 200, options.batch + options.steps).tolist()
        while pipe.recv():
            measured = _measure(reader, tokens[: options.batch], tokens[options.batch :])
            pipe.send((measured, peak_rss_mb() or 0.0))
    except (EOFError, BrokenPipeError):
        return
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}")


def _measure(reader: Reader, batch: list[int], steps: list[int]) -> Round:
    began, cpu = perf_counter(), process_time()
    reader.begin(batch)
    between, cpu_between = perf_counter(), process_time()
    for token in steps:
        reader.go_on(token)
    ended, cpu_ended = perf_counter(), process_time()
    return Round(
        batch_ms=(between - began) / len(batch) * 1000,
        batch_cpu_ms=(cpu_between - cpu) / len(batch) * 1000,
        step_ms=(ended - between) / len(steps) * 1000,
        step_cpu_ms=(cpu_ended - cpu_between) / len(steps) * 1000,
    )


def _open(path: Path, options: LanguageOptions) -> tuple[str, Path, Reader]:
    own = own_file(path)
    if own is not None:
        return "edgewise", own.path, _Edgewise(own, options)
    return "llama.cpp", path, _LlamaCpp(path, options)


class _Edgewise:
    def __init__(self, file: OwnFile, options: LanguageOptions) -> None:
        self._state = file.open(options.batch + options.steps, options.threads).new_state()

    def begin(self, tokens: list[int]) -> None:
        self._state.rewind(0)
        self._state.read(tokens)

    def go_on(self, token: int) -> None:
        self._state.read([token])


class _LlamaCpp:
    def __init__(self, path: Path, options: LanguageOptions) -> None:
        from llama_cpp import Llama

        n_ctx = options.batch + options.steps
        self._model = Llama(
            str(path),
            n_ctx=n_ctx,
            n_batch=options.batch,
            n_threads=options.threads,
            n_threads_batch=options.threads,
            verbose=False,
        )

    def begin(self, tokens: list[int]) -> None:
        self._model.reset()
        self._model.eval(tokens)

    def go_on(self, token: int) -> None:
        self._model.eval([token])
