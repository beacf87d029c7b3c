"""`edgewise tune`: the fastest way to run on this machine within a budget, as a profile."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OptionError
from ..names import DEFAULT_MODEL, DEFAULT_PRECISION, given_path
from .console.bar import Console
from .console.streams import report
from .measuring.lists import counts, names, precisions
from .options.groups import positive
from .options.model import PRECISIONS, add_offline
from .parser import Parser

if TYPE_CHECKING:
    from ..bench.spoken import Spoken
    from ..options import Vad
    from ..tune.candidates import Axes
    from ..tune.measure import Bench
    from ..tune.race import Budget, Outcome, Standing

_CONTEXTS = ("tail", "full")
_DETECTORS: Mapping[str, Vad] = {"auto": "auto", "always": True, "never": False}

_EPILOG = """\
examples:
  edgewise tune --errors 12                        the fastest with at most 12 % of the words wrong
  edgewise tune -m tiny.en,base,small.en --errors 9 --memory 600
  edgewise tune -m base,smaller-base.gguf --latency 500 --set my-recordings/manifest.jsonl -o kitchen.toml
  edgewise transcribe talk.mp3 --profile edgewise-profile.toml

Each way to run reads a few of the recordings, in the same order; who is surely slower or surely breaks the budget is
out. A busy machine measures nothing: end other work first.
"""


def declare(parser: Parser) -> None:
    """Declare what is tried, and what may not be exceeded."""
    parser.description = "Find the fastest model, precision and settings on this machine, within a budget."
    parser.epilog = _EPILOG
    budget = parser.group("budget, of which one is needed")
    budget.add_argument("--errors", type=_amount, metavar="PERCENT", help="words that are wrong, at most")
    budget.add_argument("--latency", type=_amount, metavar="MS", help="time of 19 of 20 recordings, at most")
    budget.add_argument("--memory", type=_amount, metavar="MB", help="memory of the process, at most")
    budget.add_argument("--energy", type=_amount, metavar="J", help="joules for each second of speech, at most")
    tried = parser.group("what is tried, each with each")
    tried.add_argument("-m", "--models", type=names, default=(DEFAULT_MODEL, "base"), metavar="NAMES")
    tried.add_argument(
        "--precision",
        type=precisions,
        default=(DEFAULT_PRECISION, "int4"),
        metavar="LIST",
        help=f"some of {', '.join(PRECISIONS)} (default: {DEFAULT_PRECISION},int4)",
    )
    tried.add_argument("--threads", type=counts, metavar="LIST", help="default: 1, and the physical cores")
    tried.add_argument("--beams", type=counts, default=(1, 5), metavar="LIST", help="default: 1,5")
    tried.add_argument(
        "--contexts", type=_some_of(_CONTEXTS), default=_CONTEXTS, metavar="LIST", help="default: tail,full"
    )
    tried.add_argument(
        "--detectors", type=_some_of(_DETECTORS), default=("auto",), metavar="LIST", help="auto, always, never"
    )
    parser.add_argument(
        "--set", metavar="MANIFEST", help="recordings of yours with their words (default: a public set)"
    )
    parser.add_argument("--most", type=positive, metavar="N", help="recordings to read, at most")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("edgewise-profile.toml"), metavar="FILE", help="default: %(default)s"
    )
    add_offline(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Run a race, say who is out and why, and write the winner's profile."""
    from ..files import write_text
    from ..profile import profile_text
    from ..store import is_offline
    from ..tune.measure import Bench
    from ..tune.race import race

    budget, axes = _budget(args), _axes(args)
    offline = is_offline(args.offline or None)
    bench = Bench(_recordings(args, offline, console), offline=offline, progress=console.progress)
    candidates = axes.combined()
    outcome = race(candidates, bench.seconds, bench.words, budget, bench.measure, bench.measure_memory)
    console.clear()
    _tell(outcome, bench, len(candidates))
    if outcome.winner is None:
        report("no way to run keeps the budget: allow more, or try other models")
        return 1
    write_text(args.output, profile_text(_profile(outcome.winner, bench)))
    report(f"written to {args.output}: --profile {args.output}, or edge.load(profile={str(args.output)!r})")
    return 0


def _budget(args: argparse.Namespace) -> Budget:
    from ..bench.energy import energy_j
    from ..tune.race import Budget

    if args.energy is not None and energy_j() is None:
        raise OptionError("this system does not tell the processor's energy (or only its owner): leave --energy out")
    if args.errors is None and args.latency is None and args.memory is None and args.energy is None:
        raise OptionError(
            "expected a budget, such as --errors 12: without one, the smallest model wins whatever it hears"
        )
    return Budget(
        error_rate=None if args.errors is None else args.errors / 100,
        latency_s=None if args.latency is None else args.latency / 1e3,
        memory_mb=args.memory,
        joules_per_s=args.energy,
    )


def _axes(args: argparse.Namespace) -> Axes:
    from ..threads import default_threads
    from ..tune.candidates import Axes

    return Axes(
        models=args.models,
        precisions=args.precision,
        threads=args.threads or tuple(dict.fromkeys((1, default_threads()))),
        beams=args.beams,
        contexts=args.contexts,
        detectors=[_DETECTORS[name] for name in args.detectors],
    )


def _recordings(args: argparse.Namespace, offline: bool, console: Console) -> Sequence[Spoken]:
    """Read the recordings, in an order whose first ones are like all of them."""
    from ..bench.sets import find_set, read_manifest, read_samples
    from ..bench.spoken import Spoken, read_set, spread_out

    if args.set is None:
        spoken = read_set(offline=offline, progress=console.progress)
    else:
        known = [one for one in read_manifest(find_set(args.set)).utterances if one.text]
        if not known:
            raise OptionError(f"{args.set} has no recording whose words are known")
        spoken = [Spoken(one.name, one.text or "", read_samples(one)) for one in known]
    return spread_out(spoken[: args.most])


def _tell(outcome: Outcome, bench: Bench, n_candidates: int) -> None:
    from ..bench.tables import table

    rows = [
        (str(one.candidate), str(len(one.runs)), f"{_speed(one, bench):.0f}", one.why_out or "the winner")
        for one in sorted(outcome.standings, key=lambda one: (one.why_out is not None, -_speed(one, bench)))
    ]
    report(table(("way to run", "recordings", "times as fast as speech", "out because of"), rows))
    n_all = n_candidates * len(bench.seconds)
    report(f"{bench.n_runs} runs, to warm up included; all of each would be {n_all}")


def _speed(one: Standing, bench: Bench) -> float:
    seconds = sum(run.seconds for run in one.runs)
    return sum(bench.seconds[: len(one.runs)]) / seconds if seconds else 0.0


def _profile(winner: Standing, bench: Bench) -> Any:
    from ..machine import describe_machine
    from ..ops import cpu_info
    from ..options import TranscribeOptions
    from ..profile import Profile
    from ..version import __version__

    one, defaults = winner.candidate, TranscribeOptions()
    usual = {"beam_size": 1, "context": defaults.context, "vad": defaults.vad}
    n = len(winner.runs)
    path = given_path(one.model)
    return Profile(
        model=one.model if path is None else str(path.absolute()),
        precision=one.precision,
        threads=one.threads,
        settings={name: value for name, value in one.settings.items() if value != usual[name]},
        measured={
            "cpu": describe_machine().cpu,
            "kernels": cpu_info().chosen,
            "edgewise": __version__,
            "recordings": n,
            "times_as_fast_as_speech": round(_speed(winner, bench), 1),
            "words_wrong_percent": round(100 * sum(run.edits for run in winner.runs) / sum(bench.words[:n]), 2),
        },
    )


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of 0 or more, found {text!r}")
    return value


def _some_of(known: Sequence[str] | Mapping[str, Any]) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        found = names(text)
        for name in found:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
        return found

    return read
