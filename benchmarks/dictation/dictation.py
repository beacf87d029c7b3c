"""Dictate as a user does, and measure it: key to first sample, release to text, idle, many in a row, kills, faults.

The real `edgewise dictate` runs on a virtual screen; a virtual microphone hears recordings at the speed of speech; a
window of Tk says when it changed. Times are those of the wall: other work on the machine is in them, and `waited` tells
how much. The process and its threads are measured by /proc.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from edge.bench.result_file import make_result
from edge.bench.sets import Utterance, read_manifests
from edge.bench.tables import machine_line, table
from edge.machine import describe_machine

from ..arguments import add_data, add_json, add_models, add_threads, names, numbers
from ..checkout import commit
from .endurance import Idle, Row, measure_idle, measure_row
from .faults import FAULTS, Outcome, do
from .kills import Killed, measure_kills
from .latency import Taken, measure_latency, measure_opening
from .rig import rig
from .speech import read_raw, speech_like

EXAMPLES = """\
examples:
  python -m benchmarks dictation --manifest librispeech_test_other,ljspeech --models tiny.en,base --repeats 20
  python -m benchmarks dictation --lengths 3 --repeats 5 --pause 0
  python -m benchmarks dictation --repeats 0 --idle 20 --dictations 1000 --kills 100 --faults
"""

_SHORT_S = 3.0
"""Length of the speech of faults and kills."""
_SHORTEST_S = 2.0
"""Length of the speech of many in a row."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, and on what."""
    sets = "sets to take speech from; without any, the clip of the store"
    parser.add_argument("--manifest", type=names, default=(), metavar="SET[,SET...]", help=sets)
    add_data(parser)
    add_models(parser)
    add_threads(parser)
    parser.add_argument("--ways", default="paste", help="ways of typing (default paste)")
    parser.add_argument("--lengths", type=numbers, default=(3.0, 8.0, 30.0), help="seconds of speech (default 3,8,30)")
    parser.add_argument("--repeats", type=int, default=10, help="dictations of each length (default 10)")
    parser.add_argument(
        "--pause", type=float, default=0.15, metavar="S", help="seconds from the end of speech to the key's release"
    )
    parser.add_argument("--opening", type=int, default=0, metavar="N", help="open the microphone so many times")
    parser.add_argument("--idle", type=float, default=0.0, metavar="S", help="seconds to wait for nothing")
    parser.add_argument("--dictations", type=int, default=0, metavar="N", help="so many in a row")
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="kill it at so many random moments")
    parser.add_argument("--faults", action="store_true", help="sound server, microphone, disk and focus go")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of kills (default 1)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    machine = describe_machine(commit())
    print(machine_line(machine, f"{arguments.threads} threads"))
    sets = read_manifests(arguments.manifest, arguments.data) if arguments.manifest else []
    utterances = [utterance for one in sets for utterance in one.utterances]
    results: list[dict[str, Any]] = []
    for model in arguments.models:
        found: dict[str, Any] = {"model": model}
        for name, measure in _parts(arguments).items():
            found[name] = measure(model, utterances, arguments)
        results.append(found)
    keys = ("ways", "lengths", "repeats", "pause", "threads", "seed")
    return make_result("dictation", machine, settings={key: getattr(arguments, key) for key in keys}, results=results)


Part = Callable[[str, Sequence[Utterance], argparse.Namespace], Any]


def _parts(arguments: argparse.Namespace) -> dict[str, Part]:
    """List what is asked for."""
    asked: dict[str, tuple[object, Part]] = {
        "latency": (arguments.repeats, _latency),
        "opening": (arguments.opening, _opening),
        "idle": (arguments.idle, _idle),
        "row": (arguments.dictations, _row),
        "kills": (arguments.kills, _kills),
        "faults": (arguments.faults, _faults),
    }
    return {name: part for name, (is_asked, part) in asked.items() if is_asked}


def _options(model: str, arguments: argparse.Namespace) -> tuple[str, ...]:
    return "--model", model, "--threads", str(arguments.threads), "--ways", arguments.ways, "--no-notify"


def _latency(model: str, utterances: Sequence[Utterance], arguments: argparse.Namespace) -> list[dict[str, Any]]:
    found: list[tuple[float, list[Taken]]] = []
    with rig(*_options(model, arguments), logs=True) as one:
        one.start()
        for seconds in arguments.lengths:
            clips = speech_like(seconds, arguments.repeats, utterances, one.folder)
            found.append((seconds, measure_latency(one, clips, arguments.pause)))
    print(f"\n{_latency_table(model, found)}", flush=True)
    return [{"length_s": seconds, "taken": [asdict(each) for each in taken]} for seconds, taken in found]


def _latency_table(model: str, found: Sequence[tuple[float, Sequence[Taken]]]) -> str:
    """Write a row for each length: milliseconds, medians but for what says p95."""
    header = (
        *("model", "speech s", "n", "first sample p50", "p95", "text p50", "p95"),
        *("last sound", "decoder", "desktop", "window", "cpu ms", "waited ms"),
    )
    rows = []
    for seconds, taken in found:
        split = ("sound_s", "reading_s", "delivery_s", "window_s", "ran_s", "waited_s")
        rows.append(
            (
                *(model, f"{seconds:g}", str(len(taken))),
                *(_ms([one.first_sample_s for one in taken], at) for at in (50, 95)),
                *(_ms([one.complete_s for one in taken], at) for at in (50, 95)),
                *(_ms([getattr(one, name) for one in taken], 50) for name in split),
            )
        )
    return table(header, rows)


def _opening(model: str, _: Sequence[Utterance], arguments: argparse.Namespace) -> list[float]:
    with rig(*_options(model, arguments), "--keep-open", "0") as one:
        one.start()
        seconds = measure_opening(one, arguments.opening)
    print(f"\nmicrophone opened by the key: first sample after {_ms(seconds, 50)} ms, p95 {_ms(seconds, 95)} ms")
    return seconds


def _idle(model: str, _: Sequence[Utterance], arguments: argparse.Namespace) -> dict[str, Any]:
    with rig(*_options(model, arguments)) as one:
        one.start()
        idle: Idle = measure_idle(one, arguments.idle)
    header = ("model", "core %, microphone closed", "open", "PSS MB", "RSS MB", "own MB")
    memory = idle.memory
    shares = (f"{100 * share:.2f}" for share in (idle.closed_share, idle.open_share))
    sizes = (f"{mb:.0f}" for mb in (memory.pss_mb, memory.rss_mb, memory.own_mb))
    print(f"\n{table(header, [(model, *shares, *sizes)])}", flush=True)
    return asdict(idle)


def _row(model: str, utterances: Sequence[Utterance], arguments: argparse.Namespace) -> dict[str, Any]:
    with rig(*_options(model, arguments)) as one:
        one.start()
        clips = speech_like(_SHORTEST_S, 7, utterances, one.folder)
        row: Row = measure_row(one, clips, arguments.dictations, arguments.pause)
    print(f"\n{row.n_asked} dictations: {row.n_written} texts, {row.n_missed} without one, {row.n_odd} windows odd")
    print(f"{row.n_characters} characters")
    header = ("after", "PSS MB", "RSS MB", "own MB", "threads", "descriptors")
    rows = [
        (str(done), *(f"{mb:.1f}" for mb in (m.pss_mb, m.rss_mb, m.own_mb)), str(m.n_threads), str(m.n_descriptors))
        for done, m in row.memories
    ]
    print(table(header, rows))
    print("\n".join(row.told), flush=True)
    return asdict(row)


def _kills(model: str, utterances: Sequence[Utterance], arguments: argparse.Namespace) -> list[dict[str, Any]]:
    with rig(*_options(model, arguments)) as one:
        one.start()
        clips = speech_like(_SHORT_S, 5, utterances, one.folder)
        kills: list[Killed] = measure_kills(one, clips, arguments.kills, arguments.seed)
    lost = [kill.lost_s for kill in kills]
    places = {place: sum(kill.where == place for kill in kills) for place in sorted({kill.where for kill in kills})}
    print(f"\n{len(kills)} kills: lost at most {1e3 * max(lost):.0f} ms, median {_ms(lost, 50)} ms")
    print(f"the text is then: {', '.join(f'{place} {n}' for place, n in places.items())}", flush=True)
    return [asdict(kill) for kill in kills]


def _faults(model: str, utterances: Sequence[Utterance], arguments: argparse.Namespace) -> list[dict[str, Any]]:
    import edge

    outcomes: list[Outcome] = []
    for fault in FAULTS:
        with rig(*_options(model, arguments)) as one:
            clip = speech_like(_SHORT_S, 1, utterances, one.folder)[0]
            expected = (
                edge.load(model, kind="speech", threads=arguments.threads, offline=True)
                .transcribe(read_raw(clip.path))
                .text
            )
            outcomes.append(do(fault, one, clip, expected))
    rows = [(one.fault, one.where, f"{100 * one.kept:.0f}") for one in outcomes]
    print(f"\n{table(('fault', 'text', 'words kept %'), rows, n_left=2)}")
    print("\n".join(f"{one.fault}: {line}" for one in outcomes for line in one.told), flush=True)
    return [asdict(one) for one in outcomes]


def _ms(seconds: Sequence[float], percentile: float) -> str:
    return f"{1e3 * float(np.percentile(seconds, percentile)):.0f}"
