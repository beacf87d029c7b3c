"""Measure that nothing is done in a room where nobody means the assistant: a television, of speech, music and noise.

The assistant that runs is the real one, from the wake word to what it would do, fed faster than sound passes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import edge
from edge.arrays import FloatArray
from edge.assist.answers import Answers
from edge.assist.assistant import Assistant, Parts
from edge.assist.ear import Ear
from edge.assist.echo import NoEcho
from edge.assist.intent import Intent, Plan
from edge.assist.phase import Phase
from edge.assist.speaker import Speaker
from edge.assist.understand import load_sentences, reader
from edge.audio.microphone import Captured
from edge.audio.mono import SAMPLE_RATE_HZ
from edge.bench.result_file import make_result
from edge.bench.sets import Selection, read_manifests, read_samples
from edge.bench.tables import machine_line, table
from edge.listen.detector import Detector
from edge.listen.vad.silero import SileroVad
from edge.machine import describe_machine
from edge.recognizer import Recognizer
from edge.wake.check import checked_by, heard_in_doubt
from edge.wake.ready import PHRASES, ReadyWord

from ..arguments import add_json, add_models, add_sets, given_sets
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell

EXAMPLES = """\
examples:
  python -m benchmarks television --manifest longform_librivox,music,noise_ambient
  python -m benchmarks television --minutes 1 --wake alexa --manifest librispeech_test_other
"""

_BLOCK = 1600
_PATIENCE_S, _ENDPOINT_S, _LONGEST_S = 5.0, 0.7, 15.0


@dataclass(frozen=True, slots=True)
class Evening:
    """What came of some minutes of television."""

    word: str
    minutes: float
    woken: int
    """Times that it began to listen to a command."""
    done: list[str]
    """Commands that were carried out, or answered."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--minutes", type=float, default=10.0, help="minutes of sound (default: %(default)g)")
    parser.add_argument("--wake", default=",".join(PHRASES), help="ready wake words (default: %(default)s)")
    add_sets(parser)
    add_models(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    machine = describe_machine(commit())
    print(machine_line(machine, "1 thread"))
    model = edge.load(arguments.models[0], threads=1)
    vad = Detector(None).open(must=True)
    assert vad is not None
    sound = _sound(given_sets(arguments), arguments.data, arguments.limit, arguments.minutes)
    evenings = []
    for word in arguments.wake.split(","):
        tell(word)
        evenings.append(watch(word, sound, model, vad))
    print(f"\n{evenings_table(evenings)}")
    return make_result(
        "television", machine, settings={"models": arguments.models}, results=[asdict(each) for each in evenings]
    )


def watch(word: str, sound: FloatArray, model: Recognizer, vad: SileroVad) -> Evening:
    """Have an assistant hear samples (n_samples,), mono at 16 kHz, and say what it did."""
    done: list[str] = []
    phases: list[Phase] = []

    def note(intent: Intent) -> Plan:
        def act() -> None:
            done.append(f"{intent.name or 'other words'}: {intent.text}")

        return Plan(act=act)

    with tempfile.TemporaryDirectory() as folder:
        assistant = _assistant(word, model, vad, note, phases, Path(folder))
        assistant.run(_pieces(sound))
    return Evening(word, len(sound) / SAMPLE_RATE_HZ / 60, phases.count(Phase.LISTENING), done)


def evenings_table(evenings: Sequence[Evening]) -> str:
    """Write how often each word was heard, and what was done."""
    rows = [
        (each.word, f"{each.minutes:.1f}", str(each.woken), str(len(each.done)), "; ".join(each.done))
        for each in evenings
    ]
    return table(("word", "minutes", "woken", "done", "what"), rows)


def _assistant(word: str, model: Recognizer, vad: SileroVad, note: Any, phases: list[Phase], folder: Path) -> Assistant:
    ready = ReadyWord(word)
    read = reader(model, load_sentences([], "en"), free=True)
    return Assistant(
        Parts(
            spotter=heard_in_doubt(ready, checked_by(model, ready.phrase)),
            begin_ear=lambda patience_s, on_pause: Ear(
                vad, read, endpoint_s=_ENDPOINT_S, patience_s=patience_s, longest_s=_LONGEST_S, on_pause=on_pause
            ),
            skills=(note,),
            answers=Answers(None),
            speaker=Speaker(folder),
            echo=NoEcho(),
            begin_barge=lambda: None,
            patience_s=_PATIENCE_S,
            follow_up_s=0.0,
            answers_all=True,
            tell=lambda text: None,
            show=phases.append,
        )
    )


def _pieces(sound: FloatArray) -> Iterator[Captured]:
    return (Captured(sound[at : at + _BLOCK], at) for at in range(0, len(sound), _BLOCK))


def _sound(names: Sequence[str], data: Path | None, limit: int | None, minutes: float) -> FloatArray:
    """Read so many minutes, a recording of each set in turn."""
    manifests = read_manifests(names, data, Selection(limit=limit))
    left = [iter(manifest.utterances) for manifest in manifests]
    taken: list[FloatArray] = []
    wanted = round(60 * minutes * SAMPLE_RATE_HZ)
    while left and sum(map(len, taken)) < wanted:
        for each in list(left):
            utterance = next(each, None)
            if utterance is None:
                left.remove(each)
            else:
                taken.append(np.asarray(read_samples(utterance), np.float32))
    if not taken:
        raise BenchmarkError("there is no recording: name sets with --manifest")
    return np.concatenate(taken)[:wanted]
