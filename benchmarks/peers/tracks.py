"""Engines side by side over one set: each in a process of its own, taking turns."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from edge.bench.peaks import Peaks, higher
from edge.bench.results import OURS, EngineResult, UtteranceResult, median_parts
from edge.bench.roofline import Floor, recording_floor, windows_of
from edge.bench.scoring import score
from edge.bench.sets import Manifest, Utterance
from edge.whisper.file.dims import WhisperDims
from edge.whisper.file.landmarks import Tail
from edge.whisper.file.model import open_model

from ..progress import tell
from .child import EngineProcess, Heard, Loaded
from .engines import EngineSettings
from .specs import EngineSpec


@dataclass(frozen=True, slots=True)
class Runner:
    """An engine that takes part, and the weights it opens."""

    spec: EngineSpec
    model: str
    weights: Path
    settings: EngineSettings


@dataclass(frozen=True, slots=True)
class SetRun:
    """Results of all engines over one set with one model."""

    results: list[EngineResult]
    packages: dict[str, str]
    """Versions of all that ran."""
    peaks: Peaks
    """Limits of the machine, measured before and after while all engines stood still."""


def run_set(
    runners: Sequence[Runner], manifest: Manifest, repeats: int, measure_peaks: Callable[[int], Peaks]
) -> SetRun:
    """Run all engines over a set, all alive at once: every recording goes through each before the next one."""
    threads = runners[0].settings.threads
    with ExitStack() as stack:
        tracks = []
        for runner in runners:
            tell(f"{runner.model}: {runner.spec.label}")
            process = EngineProcess(runner.spec.engine, runner.weights, runner.settings)
            tracks.append(_Track(runner, stack.enter_context(process)))
        before = measure_peaks(threads)
        asked = [_asked(utterance, runners[0].model) for utterance in manifest.utterances]
        for track in tracks:
            track.warm_up(asked[0])
        _take_turns(tracks, asked, repeats, f"{runners[0].model} on {manifest.name}")
        peaks = higher(before, measure_peaks(threads))
        packages = {name: version for track in tracks for name, version in track.loaded.packages.items()}
        return SetRun([track.result(manifest, peaks) for track in tracks], packages, peaks)


def _take_turns(tracks: Sequence[_Track], asked: Sequence[Utterance], repeats: int, where: str) -> None:
    turn = 0
    for number in range(repeats):
        for index, utterance in enumerate(asked):
            tell(f"{where}: pass {number + 1} of {repeats}, recording {index + 1} of {len(asked)}")
            # A different engine begins each time, so that none always follows the same other one.
            for track in (*tracks[turn:], *tracks[:turn]):
                track.run(index, utterance)
            turn = (turn + 1) % len(tracks)
    tell("")


def _asked(utterance: Utterance, model: str) -> Utterance:
    """Prepare what an engine hears of an utterance: a model that knows English only is asked for nothing else."""
    return dataclasses.replace(utterance, language="en") if model.endswith(".en") else utterance


class _Track:
    """Process of one engine and what came out of it so far."""

    def __init__(self, runner: Runner, process: EngineProcess) -> None:
        self.loaded: Loaded = process.load()
        self._runner = runner
        self._process = process
        self._first_s = 0.0
        self._heard: dict[int, list[Heard]] = {}
        process.pause()

    def warm_up(self, utterance: Utterance) -> None:
        self._first_s = self._process.run(utterance).seconds
        self._process.pause()

    def run(self, index: int, utterance: Utterance) -> None:
        heard = self._process.run(utterance)
        self._process.pause()
        self._heard.setdefault(index, []).append(heard)

    def result(self, manifest: Manifest, peaks: Peaks) -> EngineResult:
        spec = self._runner.spec
        peak = _peak(self._runner, peaks) if spec.engine == OURS else None
        return EngineResult(
            engine=spec.engine,
            precision=spec.precision,
            label=spec.label,
            model=self._runner.model,
            set=manifest.name,
            load_s=self.loaded.load_s,
            first_s=self._first_s,
            peak_rss_mb=max(heard.peak_rss_mb for passes in self._heard.values() for heard in passes),
            utterances=tuple(
                _scored(utterance, self._heard[index], peak) for index, utterance in enumerate(manifest.utterances)
            ),
        )


@dataclass(frozen=True, slots=True)
class _Peak:
    """Facts that make the floor of a recording, besides the recording."""

    dims: WhisperDims
    tail: Tail | None
    precision: str
    peaks: Peaks

    def floor(self, audio_s: float, n_tokens: int) -> Floor:
        windows = windows_of(audio_s, self.dims, self.tail)
        return recording_floor(self.dims, self.precision, windows, n_tokens, self.peaks)


def _peak(runner: Runner, peaks: Peaks) -> _Peak:
    with open_model(runner.weights) as file:
        tail = None if ("context", "full") in runner.spec.options else file.tail
        return _Peak(file.dims, tail, runner.spec.precision, peaks)


def _scored(utterance: Utterance, passes: list[Heard], peak: _Peak | None) -> UtteranceResult:
    last = passes[-1]
    told = [heard.parts for heard in passes if heard.parts is not None]
    parts = median_parts(told) if told else None
    return UtteranceResult(
        name=utterance.name,
        audio_s=last.audio_s,
        seconds=tuple(heard.seconds for heard in passes),
        text=last.text,
        errors=None if utterance.text is None else score(utterance.text, last.text, utterance.language),
        parts=parts,
        floor=None if parts is None or peak is None else peak.floor(last.audio_s, parts.n_tokens),
        language=utterance.language,
    )
