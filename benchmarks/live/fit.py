"""Fit the weights of the evidence that a word will stay, and the scores that it needs, for one model.

Recordings are played to a live session in which no word is stable before a pause, and every word near the end of every
reading is an example: it is right if the final text of its turn has it in its place. Weights are those of a logistic
regression. The scores are the least from which on words are right as often as asked for, on recordings that the weights
were not fitted on: each half of the recordings is judged by weights of the other.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edge.arrays import FloatArray
from edge.bench.play import SimulatedClock, play, with_quiet
from edge.bench.sets import Selection, read_manifests, read_samples
from edge.listen.detector import Detector
from edge.live.evidence import Agreement, Evidence, letters_of, weights_of
from edge.live.finals import text_of
from edge.live.options import LiveOptions
from edge.live.passes import HeardWord, Pass, PassReader
from edge.live.session import LiveSession
from edge.options import TranscribeOptions
from edge.transcript.events import Event, Silence, Speech
from edge.whisper.model import Model

from ..arguments import add_models, add_precision, add_sets, given_sets
from ..errors import BenchmarkError
from ..models.known_sets import heard_at_any_time
from ..progress import tell
from .measures import pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXAMPLES = """\
examples:
  python -m benchmarks evidence --manifest fleurs_en,timit_sample,misc_read_en --models tiny.en
"""

_QUIET_S = 1.5
_NEAR_S = 3.0
"""Seconds from the end of the sound up to which words are examples: those before are decided."""
_RIDGE = 1.0
_ROUNDS = 30
_SHOWN, _QUICK, _SURE = 0.86, 0.985, 0.998
"""Shares of words that must stay: of those that are only shown, that are stable by the quick grade, by the sure one."""


@dataclass(slots=True)
class _Example:
    recording: int
    evidence: Evidence
    stays: bool


class _Recorder:
    """A reader of a turn that keeps what it has read."""

    def __init__(self, reader: PassReader, passes: list[tuple[int, Pass]]) -> None:
        self._reader = reader
        self._passes = passes
        self.feed, self.words, self.close = reader.feed, reader.words, reader.close

    def read(self, kept: Sequence[HeardWord], heard_s: float) -> Pass:
        found = self._reader.read(kept, heard_s)
        self._passes.append((len(kept), found))
        return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to fit, and on what."""
    add_sets(parser)
    add_models(parser)
    add_precision(parser)
    parser.set_defaults(json=None)


def run(arguments: argparse.Namespace) -> None:
    """Fit, and print the table for edge/live/weights.toml."""
    import edge

    sets = heard_at_any_time(read_manifests(given_sets(arguments), arguments.data, Selection(limit=arguments.limit)))
    for name in arguments.models:
        model = edge.load(name, precision=arguments.precision, threads=1)
        if not isinstance(model, Model):
            raise BenchmarkError(f"{name}: expected a Whisper model")
        examples: list[_Example] = []
        total = sum(len(one.utterances) for one in sets)
        number = 0
        for one in sets:
            for utterance in one.utterances:
                number += 1
                tell(f"{name}: recording {number} of {total}, {len(examples)} examples")
                language = (utterance.language or "en") if len(model.languages) > 1 else "en"
                examples += _examples(model, read_samples(utterance), language, number)
        tell("")
        print(_toml(name, examples), flush=True)


def _examples(model: Model, samples: FloatArray, language: str, recording: int) -> list[_Example]:
    clock = SimulatedClock()
    vad = Detector(None).open(must=True)
    assert vad is not None
    turns: list[list[tuple[int, Pass]]] = []

    def reader(code: str | None) -> PassReader:
        turns.append([])
        return _Recorder(model.passes(TranscribeOptions(), code), turns[-1])

    session = LiveSession(
        *(
            lambda code: model.session(language=code),
            reader,
            vad,
            LiveOptions(stable="sure"),
            replace(weights_of(model.name), sure=math.inf),
        ),
        language=language,
        clock=clock,
    )
    with session:
        played = play(session, clock, with_quiet(samples, _QUIET_S))
    return [
        example
        for passes, text in zip(turns, _texts([one.event for one in played.heard]), strict=False)
        if text is not None
        for example in _of_turn(passes, text.split(), recording)
    ]


def _texts(events: Sequence[Event]) -> list[str | None]:
    """List the final text of each turn; None of one that was cut, whose readings went on behind the cut."""
    texts: list[str | None] = []
    begun, ended_at = 0, -1.0
    for index, event in enumerate(events):
        if isinstance(event, Speech) and event.start == ended_at:
            texts[-1] = None
        elif isinstance(event, Silence):
            texts.append(text_of(events[begun:index]))
            begun, ended_at = index, event.start
    return texts


def _of_turn(passes: Sequence[tuple[int, Pass]], final: Sequence[str], recording: int) -> list[_Example]:
    expected = [letters_of(word) for word in final]
    agreement = Agreement()
    examples = []
    for n_kept, found in passes:
        if not found.is_believed:
            agreement.forget()
            continue
        agreement.update(found)
        read = [letters_of(word.said) for word in found.words]
        stays = {index for _, index in pairs(expected, read)}
        examples += [
            _Example(recording, agreement.evidence(found, index), index in stays)
            for index in range(n_kept, len(found.words))
            if found.seconds - found.words[index].end <= _NEAR_S
        ]
    return examples


def _toml(name: str, examples: Sequence[_Example]) -> str:
    names = list(examples[0].evidence.terms())
    x = np.array([list(one.evidence.terms().values()) for one in examples])
    y = np.array([one.stays for one in examples])
    halves = np.array([one.recording % 2 == 0 for one in examples])
    scores = np.empty(len(y))
    for half in (halves, ~halves):
        scores[half] = x[half] @ fit(x[~half], y[~half])
    weights = fit(x, y)
    lines = [f'["{name}"]', f"# {len(y)} examples, of which {100 * y.mean():.1f} % stay; AUC {_auc(scores, y):.3f}"]
    lines += [f"{key} = {weight:.3f}" for key, weight in zip(names, weights, strict=True)]
    quick, sure = least_score(scores, y, _QUICK), least_score(scores, y, _SURE)
    still_open, everything = scores < quick, np.ones(len(y), np.bool_)
    shown = least_score(scores[still_open], y[still_open], _SHOWN)
    for grade, at, among in (("shown", shown, still_open), ("quick", quick, everything), ("sure", sure, everything)):
        chosen = among & (scores >= at)
        lines.append(f"{grade} = {at:.2f}  # {100 * y[chosen].mean():.1f} % right, {100 * chosen.mean():.0f} % of all")
    return "\n".join(lines)


def fit(x: NDArray[np.float64], y: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fit the weights (n_terms,) of a logistic regression of y (n,) on x (n, n_terms), by Newton's method."""
    weights = np.zeros(x.shape[1])
    for _ in range(_ROUNDS):
        p = 1 / (1 + np.exp(-(x @ weights)))
        slope = x.T @ (y - p) - _RIDGE * weights
        curvature = (x * (p * (1 - p))[:, None]).T @ x + _RIDGE * np.eye(x.shape[1])
        weights += np.linalg.solve(curvature, slope)
    return weights


def least_score(scores: NDArray[np.float64], y: NDArray[np.bool_], share: float) -> float:
    """Find the least score from which on `share` of the examples stay."""
    order = np.argsort(-scores)
    right = np.cumsum(y[order]) / np.arange(1, len(y) + 1)
    enough = np.flatnonzero(right >= share)
    return float(scores[order[enough[-1]]]) if len(enough) else float(scores.max())


def _auc(scores: NDArray[np.float64], y: NDArray[np.bool_]) -> float:
    ranks = np.argsort(np.argsort(scores)) + 1
    n_right, n_wrong = int(y.sum()), int((~y).sum())
    return float((ranks[y].sum() - n_right * (n_right + 1) / 2) / (n_right * n_wrong))
