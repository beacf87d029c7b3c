"""Measure which commands are understood, what is done that nobody asked for, and what it costs.

Commands are sets whose manifests have `intent` and `slots`, or `text` where the words are all. Four ways of listening
take turns: for the sentences alone; freely, where the reading has to be a sentence; freely in five readings, of which
the best that is a sentence counts; and freely, taken for the sentence whose letters are nearest (three quarters of them
alike). Other sound, cut into pieces of 4 to 8 s, is listened to for the same sentences: each that is found there is a
false action. Processor time is that of the whole process.

With --fit the weights of the decision are fitted instead (edge/sentences/weights.toml), on sets that no table reports.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import edge
from edge.bench.result_file import make_result
from edge.bench.sets import read_manifests
from edge.bench.tables import machine_line, table
from edge.machine import describe_machine
from edge.sentences import Sentences

from ..arguments import add_data, add_json, add_models, add_precision, add_threads, names, positive
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell
from .tasks import (
    Command,
    Listen,
    by_closed,
    by_closest,
    by_free,
    by_nbest,
    is_right,
    pieces,
    read_sentences,
    read_task,
    timed,
)

EXAMPLES = """\
examples:
  python -m benchmarks sentences --commands commands_coffee=benchmarks/sentences/coffee.yaml
  python -m benchmarks sentences --other librispeech_test_other,music --against benchmarks/sentences/coffee.yaml
  python -m benchmarks sentences --fit --other timit_sample,speechocean762,noise_esc10 --against lights.txt
"""

WAYS: Mapping[str, Listen] = {
    "closed": by_closed,
    "free": by_free,
    "nbest": by_nbest,
    "nearest": by_closest,
}


@dataclass(frozen=True, slots=True)
class Understood:
    """How well one way of listening understands a set of commands."""

    set: str
    model: str
    way: str
    n: int
    right: int
    wrong: int
    """Commands that were taken for others."""
    cpu_ms: float
    """Processor time of a recording."""


@dataclass(frozen=True, slots=True)
class Mistaken:
    """What one way of listening does that nobody asked for."""

    sentences: str
    model: str
    way: str
    hours: float
    actions: int
    cpu_ms_per_s: float
    """Processor time of a second of sound."""
    texts: tuple[str, ...]
    """Sentences that were taken to be said."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, on what, and how."""
    parser.add_argument(
        "--commands", action="append", default=[], metavar="SET=SOURCE[+SOURCE]", help="commands, and the sentences"
    )
    parser.add_argument("--other", type=names, default=(), metavar="SET[,SET...]", help="sets that hold no command")
    parser.add_argument(
        "--against", action="append", default=[], metavar="SOURCE[+SOURCE]", help="sentences for the other sets"
    )
    parser.add_argument("--ways", type=names, default=tuple(WAYS), help=f"some of: {','.join(WAYS)} (default: all)")
    parser.add_argument("--fit", action="store_true", help="fit the weights of the decision on the other sets")
    parser.add_argument("--limit", type=positive, help="only so many recordings, from the first of each set")
    add_data(parser)
    add_models(parser)
    add_threads(parser)
    add_precision(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    unknown = [way for way in arguments.ways if way not in WAYS]
    if unknown or not (arguments.commands or (arguments.other and (arguments.against or arguments.fit))):
        raise BenchmarkError(f"expected --commands, or --other with --against, and --ways out of {', '.join(WAYS)}")
    if arguments.fit:
        from .fit import run_fit

        examples = [*map(asdict, run_fit(arguments))]
        return make_result("sentences", describe_machine(commit()), settings={"fit": True}, results=examples)
    machine = describe_machine(commit())
    print(machine_line(machine, f"{arguments.threads} threads"))
    ways = {name: timed(WAYS[name]) for name in arguments.ways}
    understood: list[Understood] = []
    false: list[Mistaken] = []
    for name in arguments.models:
        model = edge.load(name, precision=arguments.precision, threads=arguments.threads)
        for task in arguments.commands:
            understood += _understand(model, read_task(task, arguments.data, arguments.limit), ways)
        for source in arguments.against:
            false += _mistake(model, source, arguments, ways)
    print(f"\n{tables(understood, false)}", flush=True)
    settings = {"precision": arguments.precision, "threads": arguments.threads, "limit": arguments.limit}
    results = [*map(asdict, understood), *map(asdict, false)]
    return make_result("sentences", machine, settings=settings, results=results)


def _understand(
    model: edge.Recognizer, task: tuple[str, Sentences, list[Command]], ways: Mapping[str, Listen]
) -> list[Understood]:
    name, sentences, commands = task
    found = []
    for listen in ways.values():  # what is made once is made before
        listen(model, commands[0].samples, sentences)
    heard: dict[str, list[Any]] = {way: [] for way in ways}
    for number, command in enumerate(commands, start=1):
        tell(f"{model.name} on {name}: command {number} of {len(commands)}")
        for way, listen in ways.items():
            heard[way].append(listen(model, command.samples, sentences))
    tell("")
    for way, all_heard in heard.items():
        right = [is_right(command, one, sentences) for command, one in zip(commands, all_heard, strict=True)]
        acted = [one.text is not None for one in all_heard]
        wrong = sum(acts and not is_it for acts, is_it in zip(acted, right, strict=True))
        cpu_ms = 1000 * sum(one.cpu_s for one in all_heard) / len(commands)
        found.append(Understood(name, model.name, way, len(commands), sum(right), wrong, cpu_ms))
    return found


def _mistake(
    model: edge.Recognizer, source: str, arguments: argparse.Namespace, ways: Mapping[str, Listen]
) -> list[Mistaken]:
    sentences = read_sentences(source)
    seconds = 0.0
    acted: dict[str, list[str]] = {way: [] for way in ways}
    spent = dict.fromkeys(ways, 0.0)
    for manifest in read_manifests(arguments.other, arguments.data):
        for number, samples in enumerate(pieces(manifest), start=1):
            if arguments.limit is not None and number > arguments.limit:
                break
            tell(f"{model.name} on {manifest.name}, for {source}: piece {number}")
            seconds += len(samples) / 16000
            for way, listen in ways.items():
                heard = listen(model, samples, sentences)
                spent[way] += heard.cpu_s
                acted[way] += [] if heard.text is None else [heard.text]
    tell("")
    return [
        Mistaken(source, model.name, way, seconds / 3600, len(texts), 1000 * spent[way] / seconds, tuple(texts))
        for way, texts in acted.items()
    ]


def tables(understood: Sequence[Understood], false: Sequence[Mistaken]) -> str:
    """Write a row for each set, model and way of listening."""
    parts = []
    if understood:
        header = ("commands", "model", "way", "recordings", "right %", "taken for others %", "CPU ms")
        rows = [
            (
                *(one.set, one.model, one.way, str(one.n), f"{100 * one.right / one.n:.1f}"),
                *(f"{100 * one.wrong / one.n:.1f}", f"{one.cpu_ms:.1f}"),
            )
            for one in understood
        ]
        parts.append(table(header, rows, n_left=3))
    if false:
        header = ("sentences", "model", "way", "hours", "false actions", "an hour", "CPU ms a second")
        rows = [
            (
                *(one.sentences.split("/")[-1], one.model, one.way, f"{one.hours:.2f}", str(one.actions)),
                *(f"{one.actions / one.hours:.1f}", f"{one.cpu_ms_per_s:.1f}"),
            )
            for one in false
        ]
        parts.append(table(header, rows, n_left=3))
    return "\n\n".join(parts)
