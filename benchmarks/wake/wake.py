"""Measure wake words: how often one that is said is missed, and how often one is heard that nobody said.

Each clip of a phrase stands in a piece of noise that begins half a second before it and ends as much behind it: 30 dB
below the clip in a quiet room, and louder in noise. In a room it is heard through its impulse response. False accepts
are counted in recordings without the phrase.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
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
from edge.wake import Spotter, WakeWord
from edge.wake.check import checked_by, examples_checked_by, heard_in_doubt
from edge.wake.enrol import enrol
from edge.wake.examples import ExampleWord
from edge.wake.ready import PHRASES, ReadyWord
from edge.wake.spotter import Check

from ..arguments import add_json, add_models, add_sets, given_sets
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell
from .chart import Panel, chart
from .curves import BLOCK, Point, Remembered, curve

EXAMPLES = """\
examples:
  python -m benchmarks wake --manifest librispeech_test_other,music,noise_ambient
  python -m benchmarks wake --words computer --manifest librispeech_test_other --limit 10
"""

_RATE_HZ = 16000
_AROUND = np.zeros(_RATE_HZ // 2, np.float32)
_N_EXAMPLES = 5
_QUIET_DB = 30
"""Decibels by which the noise of a quiet room is below what is said: no microphone hears exact silence."""
_CHECKED = "checked"
"""Kind of a ready word of which the recogniser reads what is in doubt, as the assistant has it."""
_READY = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.94, 0.97, 0.99)
"""Thresholds of ready words."""
_AROUND_USUAL = (-0.02, 0.0, 0.03, 0.08, 0.15)
"""Thresholds by example, as their distance from the one that is used."""
_READY_TARGET, _EXAMPLE_TARGET = (0.05, 0.5), (0.15, 1.0)
"""Misses, and false accepts an hour, that are wanted at most."""


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one word."""

    word: str
    kind: str
    hours: float
    clips: int
    threshold: float
    """Threshold that is used."""
    points: list[Point]
    core_share: float
    """Processor time over the time of the sound in which nobody says it, the checks included."""

    @property
    def usual(self) -> Point:
        """Point at the threshold that is used."""
        return next(point for point in self.points if point.threshold == self.threshold)


@dataclass(frozen=True, slots=True)
class Subject:
    """A word, and how to begin to hear it."""

    word: str
    kind: str
    clips: tuple[FloatArray, ...]
    make: Callable[[], WakeWord]
    check: Check | None
    usual: float
    thresholds: tuple[float, ...]
    target: tuple[float, float]

    def begin(self, word: WakeWord, threshold: float, check: Check | None) -> Spotter:
        """Begin to hear the word at a threshold."""
        if self.kind == _CHECKED and check is not None:
            return heard_in_doubt(word, check, threshold)
        return Spotter(word, threshold=threshold, check=check)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--words", default="alexa,computer,smart mirror,jarvis", help="phrases that are said (default: %(default)s)"
    )
    parser.add_argument(
        "--kinds",
        default="ready,checked,example",
        help="ready words, ready ones that the recogniser checks, words by example (default: %(default)s)",
    )
    parser.add_argument("--said", default="wakewords", help="set of clips of the phrases (default: %(default)s)")
    parser.add_argument("--noise", default="noise_ambient", help="set of noise to mix with (default: %(default)s)")
    parser.add_argument("--rooms", default="rir", help="set of impulse responses (default: %(default)s)")
    parser.add_argument("--chart", type=Path, metavar="FILE.svg", help="draw misses against false accepts")
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
    subjects = [each for each in subjects if each.kind in arguments.kinds.split(",")]
    others = [*_samples(given_sets(arguments), arguments.data, arguments.limit)]
    if not others:
        raise BenchmarkError("there is no recording without the word: name sets with --manifest")
    rows = [_row(subject, _conditions(noise, rooms), others) for subject in subjects]
    print(f"\nmissed, of the clips\n\n{missed_table(rows)}\n\nwhere nobody says it\n\n{accepts_table(rows)}")
    if arguments.chart is not None:
        targets = [subject.target for subject in subjects]
        panels = [
            Panel(f"{row.word}, {row.kind}", row.points, row.threshold, row.hours, target)
            for row, target in zip(rows, targets, strict=True)
        ]
        arguments.chart.write_text(chart(panels), encoding="utf-8")
    return make_result("wake", machine, settings={"models": arguments.models}, results=[asdict(row) for row in rows])


def missed_table(rows: Sequence[Row]) -> str:
    """Write the share that was missed in percent, a column a condition."""
    conditions = list(rows[0].usual.missed)
    lines = []
    for row in rows:
        missed = [row.usual.missed[condition] for condition in conditions]
        cells = [f"{100 * share:.1f} ({round(share * row.clips)}/{row.clips})" for share in missed]
        lines.append((row.word, row.kind, *cells))
    return table(("word", "kind", *conditions), lines, n_left=2)


def accepts_table(rows: Sequence[Row]) -> str:
    """Write false accepts an hour."""
    return table(
        ("word", "kind", "hours", "false accepts", "an hour", "checks an hour", "% of a core"),
        [
            (
                row.word,
                row.kind,
                f"{row.hours:.2f}",
                str(row.usual.accepts),
                f"{row.usual.accepts / row.hours:.1f}",
                f"{row.usual.checks / row.hours:.0f}",
                f"{100 * row.core_share:.2f}",
            )
            for row in rows
        ],
        n_left=2,
    )


def _subjects(word: str, clips: dict[str, list[FloatArray]], model: Recognizer) -> Iterator[Subject]:
    said = tuple(clips.get(word, []))
    if len(said) <= _N_EXAMPLES:
        raise BenchmarkError(f"there are {len(said)} clips of {word!r}; expected more than {_N_EXAMPLES}")

    def read(samples: FloatArray) -> str:
        return model.transcribe(samples, temperature=0.0).text

    if word in PHRASES:
        usual = ReadyWord(word).threshold
        thresholds = tuple(sorted({*_READY, usual}))
        yield Subject(word, "ready", said, lambda: ReadyWord(word), None, usual, thresholds, _READY_TARGET)
        check = checked_by(model, word)
        yield Subject(word, _CHECKED, said, lambda: ReadyWord(word), check, usual, thresholds, _READY_TARGET)
    examples = enrol(word, said[:_N_EXAMPLES], read)
    check = examples_checked_by(model, examples)
    usual = examples.threshold
    thresholds = tuple(round(usual + by, 3) for by in _AROUND_USUAL)
    tried = said[_N_EXAMPLES:]
    yield Subject(word, "example", tried, lambda: ExampleWord(examples), check, usual, thresholds, _EXAMPLE_TARGET)


def _row(
    subject: Subject,
    conditions: dict[str, Callable[[FloatArray, int], FloatArray]],
    others: Sequence[FloatArray],
) -> Row:
    tell(f"{subject.word}, {subject.kind}")
    seconds = sum(map(len, others)) / _RATE_HZ
    began = time.process_time()
    spotter = subject.begin(subject.make(), subject.usual, subject.check)
    for samples in others:
        for at in range(0, len(samples), BLOCK):
            spotter.feed(samples[at : at + BLOCK])
    core_share = (time.process_time() - began) / seconds
    clips = {
        name: [change(clip, number) for number, clip in enumerate(subject.clips)] for name, change in conditions.items()
    }
    check = None if subject.check is None else Remembered(subject.check)
    points = curve(subject.make, partial(subject.begin, check=check), check, clips, others, subject.thresholds)
    return Row(subject.word, subject.kind, seconds / 3600, len(subject.clips), subject.usual, points, core_share)


def _conditions(noise: FloatArray, rooms: Sequence[FloatArray]) -> dict[str, Callable[[FloatArray, int], FloatArray]]:
    def noisy(decibels: float) -> Callable[[FloatArray, int], FloatArray]:
        return lambda clip, number: mixed(clip, noise, decibels, number)

    def in_room(clip: FloatArray, number: int) -> FloatArray:
        response = rooms[number % len(rooms)]
        heard = np.convolve(clip, response[np.abs(response).argmax() :][: _RATE_HZ // 2]).astype(np.float32)
        heard = np.asarray(heard * (np.abs(clip).max() / max(float(np.abs(heard).max()), 1e-9)), np.float32)
        return mixed(heard, noise, _QUIET_DB, number)

    return {"quiet": noisy(_QUIET_DB), "noise 10 dB": noisy(10), "noise 5 dB": noisy(5), "room": in_room}


def mixed(clip: FloatArray, noise: FloatArray, decibels: float, number: int) -> FloatArray:
    """Put a clip into a piece of noise, so many decibels below it, that is longer; which piece hangs on the number."""
    heard = np.concatenate([_AROUND, clip, _AROUND])
    first = (number * 7919 * 16) % max(1, len(noise) - len(heard))
    piece = np.resize(noise[first : first + len(heard)], len(heard))
    gain = np.sqrt(np.square(clip).mean() / (np.square(piece).mean() + 1e-12)) * 10 ** (-decibels / 20)
    return np.asarray(heard + piece * np.float32(gain), np.float32)


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
