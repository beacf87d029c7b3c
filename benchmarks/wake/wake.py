"""Measure wake words: how often one that is said is missed, and how often one is heard that nobody said.

Each clip of a phrase stands between half seconds of silence; in noise it is mixed with a piece of noise at a ratio, and
in a room it is heard through its impulse response. False accepts are counted in recordings without the phrase.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import edge
from edge.arrays import FloatArray
from edge.bench.result_file import make_result
from edge.bench.sets import Selection, Utterance, find_set, read_manifests, read_samples
from edge.bench.tables import machine_line, table
from edge.machine import describe_machine
from edge.recognizer import Recognizer
from edge.wake import Spotter
from edge.wake.check import check_words
from edge.wake.enrol import enrol
from edge.wake.examples import ExampleWord
from edge.wake.ready import PHRASES, ReadyWord

from ..arguments import add_json, add_models, add_sets, given_sets
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell

EXAMPLES = """\
examples:
  python -m benchmarks wake --manifest librispeech_test_other,music,noise_ambient
  python -m benchmarks wake --words computer --manifest librispeech_test_other --limit 10
"""

_RATE_HZ = 16000
_AROUND = np.zeros(_RATE_HZ // 2, np.float32)
_BLOCK = 1600
_N_EXAMPLES = 5
_THRESHOLDS = np.round(np.arange(0.3, 0.96, 0.05), 2)


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one word under one condition."""

    word: str
    kind: str
    condition: str
    clips: int
    missed: int


@dataclass(frozen=True, slots=True)
class Accepts:
    """Detections where nobody said the word."""

    word: str
    kind: str
    hours: float
    accepts: int
    checks: int
    """Times that the recogniser was asked."""
    core_share: float
    """Processor time over the time of the sound, the checks included."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A word, and how to begin to hear it."""

    word: str
    kind: str
    clips: tuple[FloatArray, ...]
    begin: Callable[[float | None], Spotter]
    checks: list[int]
    """One number, of the checks that were made."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--words", default="alexa,computer,smart mirror,jarvis", help="phrases that are said (default: %(default)s)"
    )
    parser.add_argument("--said", default="wakewords", help="set of clips of the phrases (default: %(default)s)")
    parser.add_argument("--noise", default="noise_ambient", help="set of noise to mix with (default: %(default)s)")
    parser.add_argument("--rooms", default="rir", help="set of impulse responses (default: %(default)s)")
    add_sets(parser)
    add_models(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    machine = describe_machine(commit())
    print(machine_line(machine, "1 thread"))
    model = edge.load(arguments.models[0], threads=1)
    clips = _clips(find_set(arguments.said, arguments.data))
    noise = np.concatenate([*_samples([arguments.noise], arguments.data)])
    rooms = [*_samples([arguments.rooms], arguments.data)]
    subjects = [each for word in arguments.words.split(",") for each in _subjects(word, clips, model)]
    rows, accepts, curves = [], [], []
    for subject in subjects:
        tell(f"{subject.word}, {subject.kind}")
        for condition, change in _conditions(noise, rooms).items():
            missed = sum(not _detections(subject, change(clip, number)) for number, clip in enumerate(subject.clips))
            rows.append(Row(subject.word, subject.kind, condition, len(subject.clips), missed))
        others = _samples(given_sets(arguments), arguments.data, arguments.limit)
        found, curve = _accepts(subject, others)
        accepts.append(found)
        curves.append({"word": subject.word, "kind": subject.kind, "curve": curve})
    print(f"\nmissed, of the clips\n\n{missed_table(rows)}\n\nwhere nobody says it\n\n{accepts_table(accepts)}")
    results = {"missed": [asdict(row) for row in rows], "accepts": [asdict(each) for each in accepts], "det": curves}
    return make_result("wake", machine, settings={"models": arguments.models}, results=[results])


def missed_table(rows: Sequence[Row]) -> str:
    """Write the share that was missed in percent, a column a condition."""
    conditions = list(dict.fromkeys(row.condition for row in rows))
    lines: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        cell = f"{100 * row.missed / row.clips:.1f} ({row.missed}/{row.clips})"
        lines.setdefault((row.word, row.kind), []).append(cell)
    return table(("word", "kind", *conditions), [(*name, *cells) for name, cells in lines.items()], n_left=2)


def accepts_table(rows: Sequence[Accepts]) -> str:
    """Write false accepts an hour."""
    return table(
        ("word", "kind", "hours", "false accepts", "an hour", "checks an hour", "% of a core"),
        [
            (
                row.word,
                row.kind,
                f"{row.hours:.2f}",
                str(row.accepts),
                f"{row.accepts / row.hours:.1f}",
                f"{row.checks / row.hours:.0f}",
                f"{100 * row.core_share:.2f}",
            )
            for row in rows
        ],
        n_left=2,
    )


def _subjects(word: str, clips: dict[str, list[FloatArray]], model: Recognizer) -> Iterator[Subject]:
    said = clips.get(word, [])
    if len(said) <= _N_EXAMPLES:
        raise BenchmarkError(f"there are {len(said)} clips of {word!r}; expected more than {_N_EXAMPLES}")
    if word in PHRASES:
        yield Subject(word, "ready", tuple(said), lambda threshold: Spotter(ReadyWord(word), threshold=threshold), [0])

    def read(samples: FloatArray) -> str:
        return model.transcribe(samples, temperature=0.0).text

    examples = enrol(word, said[:_N_EXAMPLES], read)
    checks = [0]
    check = check_words(read, word, examples.readings)

    def counted(samples: FloatArray) -> bool:
        checks[0] += 1
        return check(samples)

    def begin(threshold: float | None) -> Spotter:
        return Spotter(ExampleWord(examples), threshold=threshold, check=None if threshold is not None else counted)

    yield Subject(word, "example", tuple(said[_N_EXAMPLES:]), begin, checks)


def _conditions(noise: FloatArray, rooms: Sequence[FloatArray]) -> dict[str, Callable[[FloatArray, int], FloatArray]]:
    def noisy(decibels: float) -> Callable[[FloatArray, int], FloatArray]:
        return lambda clip, number: mixed(clip, noise, decibels, number)

    def in_room(clip: FloatArray, number: int) -> FloatArray:
        response = rooms[number % len(rooms)]
        heard = np.convolve(clip, response[np.abs(response).argmax() :][: _RATE_HZ // 2]).astype(np.float32)
        return np.asarray(heard * (np.abs(clip).max() / max(float(np.abs(heard).max()), 1e-9)), np.float32)

    return {"quiet": lambda clip, number: clip, "noise 10 dB": noisy(10), "noise 5 dB": noisy(5), "room": in_room}


def mixed(clip: FloatArray, noise: FloatArray, decibels: float, number: int) -> FloatArray:
    """Mix a clip with a piece of noise, so many decibels below the clip; which piece hangs on the number."""
    first = (number * 7919 * 16) % max(1, len(noise) - len(clip))
    piece = np.resize(noise[first : first + len(clip)], len(clip))
    gain = np.sqrt(np.square(clip).mean() / (np.square(piece).mean() + 1e-12)) * 10 ** (-decibels / 20)
    return np.asarray(clip + piece * np.float32(gain), np.float32)


def _detections(subject: Subject, clip: FloatArray) -> int:
    return len(_spot(subject.begin(None), [_AROUND, clip, _AROUND]))


def _spot(spotter: Spotter, sounds: Iterable[FloatArray]) -> list[int]:
    return [
        found.at
        for samples in sounds
        for at in range(0, len(samples), _BLOCK)
        for found in spotter.feed(samples[at : at + _BLOCK])
    ]


def _accepts(subject: Subject, others: Iterable[FloatArray]) -> tuple[Accepts, list[tuple[float, int]]]:
    """Count detections in recordings without the word, and those of the first stage alone at other thresholds."""
    spotter, seconds, n_found = subject.begin(None), 0.0, 0
    curves = {float(threshold): subject.begin(float(threshold)) for threshold in _THRESHOLDS[::3]}
    counts = dict.fromkeys(curves, 0)
    subject.checks[0] = 0
    taken_s = 0.0
    for samples in others:
        seconds += len(samples) / _RATE_HZ
        began = time.process_time()
        n_found += len(_spot(spotter, [samples]))
        taken_s += time.process_time() - began
        for threshold, each in curves.items():
            counts[threshold] += len(_spot(each, [samples]))
    if not seconds:
        raise BenchmarkError("there is no recording without the word: name sets with --manifest")
    found = Accepts(subject.word, subject.kind, seconds / 3600, n_found, subject.checks[0], taken_s / seconds)
    return found, list(counts.items())


def _clips(path: Path) -> dict[str, list[FloatArray]]:
    """Read the clips of each phrase; a phrase is the text of its clip."""
    found: dict[str, list[FloatArray]] = {}
    for utterance in _utterances([str(path)], None):
        found.setdefault(utterance.text or "", []).append(np.asarray(read_samples(utterance), np.float32))
    return found


def _samples(names: Sequence[str], data: Path | None, limit: int | None = None) -> Iterator[FloatArray]:
    for utterance in _utterances(names, data, limit):
        yield np.asarray(read_samples(utterance), np.float32)


def _utterances(names: Sequence[str], data: Path | None, limit: int | None = None) -> list[Utterance]:
    manifests = read_manifests(names, data, Selection(limit=limit))
    return [utterance for manifest in manifests for utterance in manifest.utterances]
