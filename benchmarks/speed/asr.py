"""Measure engines side by side over sets of recordings: words, times, memory.

All engines get the same weights and samples and take turns at each recording, each in a process of its own. Greedy
search at temperature 0 without timestamps, unless told otherwise. Edgewise's times also stand beside the least that its
work takes at this machine's peaks.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.bench.engine_tables import asr_table, languages_table, peer_table, roofline_table, sets_table, speeds_table
from edge.bench.peaks import measure_peaks, peaks_line
from edge.bench.result_file import make_result
from edge.bench.results import EngineResult, Summary, by_speed, mean_rate, summarize
from edge.bench.sets import Manifest, Selection, read_manifests
from edge.bench.tables import machine_line
from edge.errors import EdgeError
from edge.machine import describe_machine

from ..arguments import add_json, add_models, add_sets, add_threads, given_sets, names, positive
from ..checkout import commit
from ..errors import BenchmarkError
from ..peers.engines import ENGINES, EngineSettings
from ..peers.specs import EngineSpec, parse_engine
from ..peers.tracks import Runner, SetRun, run_set
from ..progress import tell

DEFAULT_ENGINES = "edgewise:int8,faster-whisper:int8,transcribe-cpp:q8_0,pywhispercpp:q8_0"

EXAMPLES = """\
examples:
  python -m benchmarks asr --manifest DIR --models tiny.en,base --json a.json
  python -m benchmarks asr --data ROOT --manifest an4,misc_read_en --min-seconds 2.5 --max-seconds 3.5
  python -m benchmarks asr --manifest DIR --engines edgewise:int8,edgewise:int8:beam=5 --repeats 1
"""

Rows = list[tuple[EngineResult, Summary]]
"""Results of the engines over one set, with their summaries."""


@dataclass(frozen=True, slots=True)
class AsrOptions:
    """Options of the command."""

    sets: tuple[str, ...]
    """Paths, or names of folders in `data`."""
    engines: tuple[EngineSpec, ...]
    models: tuple[str, ...]
    threads: int
    data: Path | None
    """Folder of the sets that are named without a path; None for the one in EDGEWISE_TEST_DATA."""
    selection: Selection
    """Choice of recordings of each set."""
    repeats: int
    """Passes over a set."""
    beam: int
    timestamps: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, on what, and how."""
    add_sets(parser)
    parser.add_argument("--min-seconds", type=float, metavar="S", help="only recordings that are at least so long")
    parser.add_argument("--max-seconds", type=float, metavar="S", help="only recordings that are at most so long")
    parser.add_argument(
        "--engines",
        type=names,
        default=names(DEFAULT_ENGINES),
        help="comma list of name:precision; :beam=N may follow, for edgewise :context=tail|full, :fallback=off|on, "
        ":parallel=off|on, :vad=auto|on|off and :cpu=LEVEL, and for faster-whisper :vad=off|on and :batch=N "
        f"(default {DEFAULT_ENGINES})",
    )
    add_models(parser, "; edgewise alone also takes a .gguf file, edgewise-onnx a folder")
    add_threads(parser)
    parser.add_argument("--repeats", type=positive, default=3, help="passes over each set (default 3)")
    parser.add_argument("--beam", type=positive, default=1, help="beams of the search; 1 is greedy (default)")
    parser.add_argument(
        "--timestamps", action=argparse.BooleanOptionalAction, default=False, help="decode segment times (default: no)"
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_asr(
        AsrOptions(
            sets=given_sets(arguments),
            engines=tuple(parse_engine(text) for text in arguments.engines),
            models=arguments.models,
            threads=arguments.threads,
            data=arguments.data,
            selection=Selection(arguments.min_seconds, arguments.max_seconds, arguments.limit),
            repeats=arguments.repeats,
            beam=arguments.beam,
            timestamps=arguments.timestamps,
        )
    )


def run_asr(options: AsrOptions) -> dict[str, Any]:
    """Measure, print the tables of each model, and return what the JSON file holds."""
    manifests = read_manifests(options.sets, options.data, options.selection)
    machine = describe_machine(commit())
    print(machine_line(machine, f"{options.threads} threads"))
    packages: dict[str, str] = {}
    measured: list[Rows] = []
    peaks = []
    for model in options.models:
        by_set = []
        with tempfile.TemporaryDirectory(prefix="edgewise-benchmarks-") as scratch:
            runners = _runners(options, model, Path(scratch))
            for manifest in manifests:
                run = run_set(runners, manifest, options.repeats, measure_peaks)
                by_set.append(_shown(run, model, manifest))
                packages |= run.packages
                peaks.append({"model": model, "set": manifest.name} | asdict(run.peaks))
        if len(by_set) > 1:
            print(f"\n{model} on {len(by_set)} sets\n\n{sets_table(by_set)}\n\n{speeds_table(by_set)}", flush=True)
        measured += by_set
    result = make_result(
        "asr",
        machine,
        settings=_settings(options, manifests),
        peaks=peaks,
        results=[asdict(result) | {"summary": asdict(summary)} for rows in measured for result, summary in rows],
        over_sets=_over_sets(measured),
    )
    result["machine"]["packages"] = packages
    return result


def _runners(options: AsrOptions, model: str, scratch: Path) -> list[Runner]:
    runners = []
    for spec in options.engines:
        tell(f"{model}: weights of {spec.label}")
        try:
            weights = ENGINES[spec.engine].weights(model, spec.precision, scratch)
        except EdgeError as error:
            raise BenchmarkError(f"{spec.label}: {error}") from error
        settings = EngineSettings(spec.precision, options.threads, options.beam, options.timestamps, dict(spec.options))
        runners.append(Runner(spec, model, weights, settings))
    return runners


def _shown(run: SetRun, model: str, manifest: Manifest) -> Rows:
    """Print the tables of one set, and return their rows."""
    peers = by_speed(run.results)
    summaries = [summarize(result, peers) for result in run.results]
    print(f"\n{model} on {manifest.name}: {len(manifest.utterances)} recordings\n")
    print(asr_table(run.results, summaries), flush=True)
    ratios = peer_table(run.results, summaries)
    if ratios is not None:
        print(f"\n{ratios}", flush=True)
    languages = languages_table(run.results)
    if languages is not None:
        print(f"\n{languages}", flush=True)
    roofline = roofline_table(run.results, summaries)
    if roofline is not None:
        print(f"\npeaks: {peaks_line(run.peaks)}\n\n{roofline}", flush=True)
    return list(zip(run.results, summaries, strict=True))


def _settings(options: AsrOptions, manifests: Sequence[Manifest]) -> dict[str, Any]:
    return {
        "sets": {
            manifest.name: {"manifest_sha256": manifest.sha256, "recordings": len(manifest.utterances)}
            for manifest in manifests
        },
        "selection": asdict(options.selection),
        "threads": options.threads,
        "repeats": options.repeats,
        "beam": options.beam,
        "timestamps": options.timestamps,
    }


def _over_sets(measured: Sequence[Rows]) -> list[dict[str, Any]]:
    """Compute, for each engine with each model, the mean of its word error rates, and all its loops."""
    found: dict[tuple[str, str], list[Summary]] = {}
    for rows in measured:
        for result, summary in rows:
            found.setdefault((result.model, result.label), []).append(summary)
    return [
        {
            "model": model,
            "label": label,
            "mean_word_error_rate": mean_rate([summary.word_error_rate for summary in summaries]),
            "loops": sum(summary.errors.loops for summary in summaries),
        }
        for (model, label), summaries in found.items()
    ]
