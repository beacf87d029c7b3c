"""Measure whether `edgewise tune` finds what an exhaustive search finds, and with how many runs.

All ways to run read all recordings, by turns; the winners of the races are judged by those times and words. Each budget
has a race of its own, with runs of its own; or, with `--replay`, on the runs of a search that an earlier `--json` kept,
so that what others did on the machine meanwhile is the same for both.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from edge.bench.result_file import make_result, read_result
from edge.bench.sets import find_set
from edge.bench.spoken import read_spoken, some_of, spread_order, spread_out
from edge.bench.tables import machine_line, table
from edge.machine import describe_machine
from edge.ops import cpu_info
from edge.tune.candidates import Axes, Candidate
from edge.tune.measure import Bench
from edge.tune.race import Budget, Outcome, Run, race

from ..arguments import add_data, add_json, add_models, add_thread_counts, names, numbers, positive
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell

EXAMPLES = """\
examples:
  python -m benchmarks tune --models tiny.en,base --threads 1 --errors 10,12,14
  EDGE_CPU=avx2 python -m benchmarks tune --threads 2 --clock wall --json all.json
  python -m benchmarks tune --replay all.json --errors 10,11,12,13,14
"""

_CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
_SAME = 1.02
"""Time of a winner over the best one's up to which the two are the same."""
_SET, _N_ALL = "librispeech_test_other", 60

_SHARES = ("runs", "share", "share of time")

Table = Mapping[Candidate, Sequence[Run]]


@dataclass(frozen=True, slots=True)
class Kept:
    """An exhaustive search that was measured before."""

    result: Mapping[str, Any]
    """All that its file holds."""
    found: Table
    seconds: Sequence[float]
    """Lengths of the recordings."""
    words: Sequence[int]
    """Numbers of words of the recordings."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one race ended, beside the exhaustive search."""

    errors: float
    """Budget: wrong words for each word."""
    best: str | None
    """Winner of the exhaustive search; None where nothing keeps the budget."""
    found: str | None
    """Winner of the race."""
    slower: float | None
    """Time of the race's winner over the best one's, by the exhaustive search; None where either is missing."""
    keeps_budget: bool
    """Whether the race's winner keeps the budget by the exhaustive search."""
    n_runs: int
    """Runs of the race, to warm up included."""
    n_all: int
    """Runs of the exhaustive search, to warm up included."""
    time_share: float
    """Time of the race's runs over that of the exhaustive search, without those to warm up."""

    @property
    def is_right(self) -> bool:
        """Whether the race ends as the exhaustive search does, or with a way that keeps the budget within 2 % of it."""
        if self.found is None or self.slower is None:
            return self.found == self.best
        return self.keeps_budget and self.slower <= _SAME


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is tried, and the budgets."""
    add_models(parser, default=("tiny.en", "base"))
    parser.add_argument("--precisions", type=names, default=("int8", "int4"), help="comma list (default int8,int4)")
    add_thread_counts(parser)
    parser.add_argument("--errors", type=numbers, default=(10.0, 12.0, 14.0), help="budgets, in %% of the words")
    parser.add_argument("--limit", type=positive, help="only so many recordings")
    parser.add_argument(
        "--clock",
        choices=sorted(_CLOCKS),
        default="wall",
        help="processor time is of all threads together (default wall)",
    )
    parser.add_argument(
        "--replay",
        type=Path,
        nargs="+",
        metavar="RESULT",
        help="measure nothing: race on the runs that an earlier --json kept, or several of other ways put together",
    )
    parser.add_argument(
        "--orders", type=positive, default=1, help="with --replay: orders of the recordings, a race in each (default 1)"
    )
    add_data(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure, or take what was measured; print a table, and return what the JSON file holds."""
    budgets = [Budget(error_rate=percent / 100) for percent in arguments.errors]
    if arguments.replay is not None:
        return _replayed(read_kept(arguments.replay), budgets, arguments.orders)
    machine = describe_machine(commit())
    level, clock = cpu_info().chosen, _CLOCKS[arguments.clock]
    print(machine_line(machine, f"kernels {level}", f"{arguments.clock} time"), flush=True)
    spoken = spread_out(some_of(read_spoken(find_set(_SET, arguments.data)), arguments.limit or _N_ALL))
    axes = Axes(arguments.models, arguments.precisions, arguments.threads)
    bench = Bench(spoken, offline=True, progress=lambda what, done, total: tell(f"{done}: {what}"), timer=clock)
    found = search(axes.combined(), bench)
    verdicts = [judge(found, bench, budget) for budget in budgets]
    tell("")
    print(f"\n{verdicts_table(verdicts)}")
    return make_result(
        "tune",
        machine,
        settings={
            **{"models": arguments.models, "precisions": arguments.precisions, "threads": arguments.threads},
            **{"level": level, "clock": arguments.clock, "recordings": len(spoken)},
        },
        recordings=[{"seconds": one, "words": words} for one, words in zip(bench.seconds, bench.words, strict=True)],
        ways=[{"way": asdict(one), "runs": [asdict(run) for run in runs]} for one, runs in found.items()],
        results=[asdict(one) for one in verdicts],
    )


def read_kept(paths: Sequence[Path]) -> Kept:
    """Read exhaustive searches that --json kept, of the same recordings, as one.

    Raises:
        BenchmarkError: a file holds none, or one of other recordings.
    """
    results = [read_result(path) for path in paths]
    for path, result in zip(paths, results, strict=True):
        if result["kind"] != "tune":
            raise BenchmarkError(
                f"{path} holds {result['kind']!r}; expected what `python -m benchmarks tune --json` writes"
            )
        if result["recordings"] != results[0]["recordings"]:
            raise BenchmarkError(f"{path} is of other recordings than {paths[0]}; replay them one by one")
    ways = [one for result in results for one in result["ways"]]
    found = {Candidate(**one["way"]): [Run(**run) for run in one["runs"]] for one in ways}
    first = {**results[0], "ways": ways}
    return Kept(
        first, found, [one["seconds"] for one in first["recordings"]], [one["words"] for one in first["recordings"]]
    )


def _replayed(kept: Kept, budgets: Sequence[Budget], n_orders: int) -> dict[str, Any]:
    """Run races on kept runs, print the table, and return the search with the new verdicts."""
    settings = kept.result["settings"]
    print(f"{kept.result['machine']['cpu']}, kernels {settings['level']}, {settings['clock']} time, replayed")
    orders = [None, *(spread_order(kept.seconds, number / n_orders) for number in range(1, n_orders))]
    verdicts = [[replay(kept, budget, order) for order in orders] for budget in budgets]
    shown = verdicts_table([first for first, *_ in verdicts]) if n_orders == 1 else orders_table(verdicts)
    print(f"\n{shown}")
    return {**kept.result, "results": [asdict(one) for races in verdicts for one in races]}


def search(candidates: Sequence[Candidate], bench: Bench) -> dict[Candidate, list[Run]]:
    """Have all candidates read all recordings, by turns."""
    found: dict[Candidate, list[Run]] = {one: [] for one in candidates}
    for number in range(len(bench.seconds)):
        for one in candidates:
            found[one].append(bench.measure(one, number))
    return found


def judge(found: Table, bench: Bench, budget: Budget) -> Verdict:
    """Run a race for a budget with runs of its own, and set the winner beside the best one."""
    n_before = bench.n_runs
    bench.cool()
    outcome = race(list(found), bench.seconds, bench.words, budget, bench.measure)
    return verdict(found, sum(bench.words), budget, outcome, bench.n_runs - n_before)


def replay(kept: Kept, budget: Budget, order: Sequence[int] | None = None) -> Verdict:
    """Run a race on runs that were measured before, with the recordings in an order; weights warm up once."""
    places = range(len(kept.words)) if order is None else order
    seconds, words = [kept.seconds[place] for place in places], [kept.words[place] for place in places]
    ways = list(kept.found)
    outcome = race(ways, seconds, words, budget, lambda one, number: kept.found[one][places[number]])
    return verdict(kept.found, sum(words), budget, outcome, outcome.n_runs + n_warm(ways))


def _seconds(of: Iterable[Sequence[Run]]) -> float:
    return sum(run.seconds for runs in of for run in runs)


def n_warm(ways: Iterable[Candidate]) -> int:
    """Count the runs that warm up: one for each model, precision and number of threads."""
    return len({one.loaded for one in ways})


def verdict(found: Table, n_words: int, budget: Budget, outcome: Outcome, n_runs: int) -> Verdict:
    """Set the winner of a race beside the best way of the exhaustive search."""
    winner = None if outcome.winner is None else outcome.winner.candidate
    bound = 0.0 if budget.error_rate is None else budget.error_rate
    seconds = {one: sum(run.seconds for run in runs) for one, runs in found.items()}
    kept = [one for one, runs in found.items() if sum(run.edits for run in runs) <= bound * n_words]
    best = min(kept, key=lambda one: seconds[one], default=None)
    return Verdict(
        errors=bound,
        best=None if best is None else str(best),
        found=None if winner is None else str(winner),
        slower=None if best is None or winner is None else seconds[winner] / seconds[best],
        keeps_budget=winner in kept,
        n_runs=n_runs,
        n_all=sum(map(len, found.values())) + n_warm(found),
        time_share=_seconds(one.runs for one in outcome.standings) / _seconds(found.values()),
    )


def verdicts_table(verdicts: Sequence[Verdict]) -> str:
    """Write a row for each budget."""
    rows = [
        (
            f"{100 * one.errors:g} %",
            one.best or "none",
            "the same" if one.found == one.best else one.found or "none",
            "-" if one.slower is None else f"{one.slower:.3f}",
            "yes" if one.keeps_budget else "-" if one.found is None else "no",
            f"{one.n_runs} of {one.n_all}",
            f"{one.n_runs / one.n_all:.1%}",
            f"{one.time_share:.1%}",
        )
        for one in verdicts
    ]
    header = ("budget", "best of all runs", "found by the race", "its time over the best", "keeps it", *_SHARES)
    return table(header, rows, n_left=3)


def orders_table(verdicts: Sequence[Sequence[Verdict]]) -> str:
    """Write a row for each budget: how many of its races end right, and what they take in the middle and at most."""
    rows = []
    for races in verdicts:
        shares, times = [one.n_runs / one.n_all for one in races], [one.time_share for one in races]
        rows.append(
            (
                *(f"{100 * races[0].errors:g} %", races[0].best or "none"),
                *(f"{sum(one.is_right for one in races)} of {len(races)}", f"{median(shares):.1%}"),
                *(f"{min(shares):.1%} to {max(shares):.1%}", f"{median(times):.1%}"),
            )
        )
    header = ("budget", "best of all runs", "the same, or within 2 %", "share of runs", "least to most", _SHARES[2])
    return table(header, rows, n_left=2)
