"""`python -m benchmarks asr`: engines side by side over a set of recordings."""

from __future__ import annotations

import dataclasses
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .child import EngineProcess, Heard, Loaded
from .engines import ENGINES, Settings
from .errors import BenchmarkError
from .machine import describe_machine
from .manifest import Manifest, Utterance, read_manifest
from .progress import tell
from .report import asr_table, machine_line
from .results import EngineResult, UtteranceResult, fastest_peer, summarize
from .scoring import score

FORMAT = 1
"""Of the JSON; raised when a field changes its meaning."""


@dataclass(frozen=True, slots=True)
class AsrOptions:
    """What the command line asks for."""

    manifest: Path
    engines: tuple[tuple[str, str], ...]
    """(engine, precision) each."""
    models: tuple[str, ...]
    threads: int
    repeats: int = 3
    """Passes over the whole set."""
    limit: int | None = None
    """Recordings of the set to take; all where None."""
    beam: int = 1
    timestamps: bool = False


def parse_engine(text: str) -> tuple[str, str]:
    """`name:precision`, or `name` for its usual precision."""
    name, _, precision = text.partition(":")
    if name not in ENGINES:
        raise BenchmarkError(f"unknown engine {name!r}; there are {', '.join(ENGINES)}")
    precisions = ENGINES[name].precisions
    if precision and precision not in precisions:
        raise BenchmarkError(f"{name} has no precision {precision!r}; it has {', '.join(precisions)}")
    return name, precision or precisions[0]


def run_asr(options: AsrOptions) -> dict[str, Any]:
    """Measure, print the table of each model, and return what the JSON file holds."""
    manifest = read_manifest(options.manifest, options.limit)
    machine = describe_machine()
    print(machine_line(machine, options.threads))
    packages: dict[str, str] = {}
    rows = []
    for model in options.models:
        results = _measure_model(options, model, manifest, packages)
        peer = fastest_peer(results)
        summaries = [summarize(result, peer) for result in results]
        print(f"\n{model} on {manifest.name}: {len(manifest.utterances)} recordings\n")
        print(asr_table(results, summaries), flush=True)
        rows += [
            asdict(result) | {"summary": asdict(summary)} for result, summary in zip(results, summaries, strict=True)
        ]
    return {
        "kind": "asr",
        "format": FORMAT,
        "machine": asdict(machine) | {"packages": packages},
        "settings": {
            "set": manifest.name,
            "manifest_sha256": manifest.sha256,
            "recordings": len(manifest.utterances),
            "threads": options.threads,
            "repeats": options.repeats,
            "beam": options.beam,
            "timestamps": options.timestamps,
        },
        "results": rows,
    }


def _measure_model(options: AsrOptions, model: str, manifest: Manifest, packages: dict[str, str]) -> list[EngineResult]:
    """All engines alive at once with one model; every recording goes through each before the next one."""
    with tempfile.TemporaryDirectory(prefix="edgewise-benchmarks-") as scratch, ExitStack() as stack:
        tracks = []
        for engine, precision in options.engines:
            tell(f"{model}: {engine} {precision}")
            weights = ENGINES[engine].weights(model, precision, Path(scratch))
            settings = Settings(precision, options.threads, options.beam, options.timestamps)
            process = stack.enter_context(EngineProcess(engine, weights, settings))
            track = _Track(engine, precision, model, process)
            packages |= track.loaded.packages
            tracks.append(track)
        asked = [_asked(utterance, model) for utterance in manifest.utterances]
        for track in tracks:
            track.warm_up(asked[0])
        turn = 0
        for number in range(options.repeats):
            for index, utterance in enumerate(asked):
                tell(
                    f"{model}: pass {number + 1} of {options.repeats}, recording {index + 1} "
                    f"of {len(manifest.utterances)}"
                )
                # A different engine begins each time, so that none always follows the same other one.
                for track in (*tracks[turn:], *tracks[:turn]):
                    track.run(index, utterance)
                turn = (turn + 1) % len(tracks)
        tell("")
        return [track.result(manifest.utterances) for track in tracks]


def _asked(utterance: Utterance, model: str) -> Utterance:
    """What an engine hears of an utterance: a model that knows English only is asked for nothing else."""
    return dataclasses.replace(utterance, language="en") if model.endswith(".en") else utterance


class _Track:
    """One engine's process and what came out of it so far."""

    def __init__(self, engine: str, precision: str, model: str, process: EngineProcess) -> None:
        self.loaded: Loaded = process.load()
        self._names = engine, precision, model
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

    def result(self, utterances: tuple[Utterance, ...]) -> EngineResult:
        engine, precision, model = self._names
        return EngineResult(
            engine=engine,
            precision=precision,
            model=model,
            load_s=self.loaded.load_s,
            first_s=self._first_s,
            peak_rss_mb=max(heard.peak_rss_mb for passes in self._heard.values() for heard in passes),
            utterances=tuple(_scored(utterance, self._heard[index]) for index, utterance in enumerate(utterances)),
        )


def _scored(utterance: Utterance, passes: list[Heard]) -> UtteranceResult:
    last = passes[-1]
    known = utterance.text is not None
    return UtteranceResult(
        name=utterance.name,
        audio_s=last.audio_s,
        seconds=tuple(heard.seconds for heard in passes),
        text=last.text,
        errors=score(utterance.text or "", last.text, utterance.language) if known else None,
    )
