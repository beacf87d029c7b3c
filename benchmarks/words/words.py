"""Measure how exactly engines tell when words are said.

The truth are recordings that are joined from short ones (`concat` in a manifest): the first and the last word of each
part begin and end with it. Parts carry silence at their ends, so the speech in each is found first, alone, by Silero's
detector as faster-whisper ships it; the errors to the bare edges of the parts stand beside those to the speech.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from edge.audio import SAMPLE_RATE_HZ
from edge.bench.result_file import make_result
from edge.bench.scoring import normalizer
from edge.bench.sets import Manifest, Selection, Utterance, read_manifests, read_samples
from edge.bench.tables import table
from edge.machine import describe_machine

from ..arguments import add_json, add_models, add_sets, add_threads, given_sets, names
from ..checkout import commit
from ..errors import BenchmarkError
from ..peers.engines import ENGINES, EngineSettings, Samples, TimedWord
from ..peers.specs import EngineSpec, parse_engine
from ..progress import tell
from .matching import match_words

EXAMPLES = """\
examples:
  python -m benchmarks words --manifest longform_librispeech_concat,longform_ljspeech_concat --models tiny.en,base
"""

NEAR_S = 0.5


@dataclass(frozen=True, slots=True)
class WordOptions:
    """Options of the command."""

    sets: tuple[str, ...]
    engines: tuple[EngineSpec, ...]
    models: tuple[str, ...]
    threads: int
    data: Path | None
    selection: Selection


@dataclass(frozen=True, slots=True)
class Part:
    """One of the recordings that another is joined from; times in seconds of the whole."""

    words: tuple[str, ...]
    """Words of the part, normalized."""
    start: float
    end: float
    speech_start: float
    speech_end: float


@dataclass(frozen=True, slots=True)
class Offset:
    """Seconds from where a word at the edge of a part is to where it is told; positive is late."""

    edge: str
    """Edge that is measured: "start" of the first word of a part, or "end" of its last."""
    to_speech: float
    to_part: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, on what, and how."""
    add_sets(parser)
    parser.add_argument(
        "--engines",
        type=names,
        default=("edgewise:int8", "faster-whisper:int8"),
        help="comma list of name:precision (default edgewise:int8,faster-whisper:int8)",
    )
    add_models(parser)
    add_threads(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_words(
        WordOptions(
            sets=given_sets(arguments),
            engines=tuple(parse_engine(text) for text in arguments.engines),
            models=arguments.models,
            threads=arguments.threads,
            data=arguments.data,
            selection=Selection(limit=arguments.limit),
        )
    )


def run_words(options: WordOptions) -> dict[str, Any]:
    """Measure, print a table for each model, and return what the JSON file holds."""
    manifests = read_manifests(options.sets, options.data, options.selection)
    truth = {utterance: _parts(utterance) for manifest in manifests for utterance in manifest.utterances}
    n_parts = sum(len(parts) for parts in truth.values())
    results = []
    for model in options.models:
        rows = []
        for spec in options.engines:
            tell(f"{model}: words of {spec.label}")
            errors = _errors(options, spec, model, manifests, truth)
            results.append({"model": model, "engine": spec.label, "errors": [asdict(error) for error in errors]})
            rows += _rows(spec.label, errors, n_parts)
        print(f"\n{model}: the first and last words of {n_parts} parts\n\n{table(_HEADER, rows, 2)}", flush=True)
    settings = {"sets": [manifest.name for manifest in manifests], "parts": n_parts}
    return make_result("words", describe_machine(commit()), settings=settings, results=results)


def _errors(
    options: WordOptions,
    spec: EngineSpec,
    model: str,
    manifests: Sequence[Manifest],
    truth: dict[Utterance, list[Part]],
) -> list[Offset]:
    kind = ENGINES[spec.engine]
    if not kind.times_words:
        raise BenchmarkError(f"{spec.engine} does not tell when words are said; leave it out of --engines")
    if kind.variables.keys() & dict(spec.options).keys():
        variables = ", ".join(kind.variables.values())
        raise BenchmarkError(f"{spec.label}: this command runs engines in its own process; set {variables} yourself")
    settings = EngineSettings(spec.precision, options.threads, timestamps=True, words=True, options=dict(spec.options))
    errors: list[Offset] = []
    with tempfile.TemporaryDirectory(prefix="edgewise-benchmarks-") as scratch:
        engine = kind.load(kind.weights(model, spec.precision, Path(scratch)), settings)
        for manifest in manifests:
            for utterance in manifest.utterances:
                answer = engine.transcribe(read_samples(utterance), utterance.language)
                errors += offsets_of(answer.words, truth[utterance], utterance.language)
    return errors


def offsets_of(words: Sequence[TimedWord], parts: Sequence[Part], language: str | None) -> list[Offset]:
    """Measure the first and last words of all parts, of those that are right."""
    expected = [word for part in parts for word in part.words]
    matches = match_words(expected, [word.text for word in words], language)
    heard = {
        number: word for word, match in zip(words, matches, strict=True) if match.correct for number in match.expected
    }
    errors = []
    first = 0
    for part in parts:
        last = first + len(part.words) - 1
        if first in heard:
            start = heard[first].start
            errors.append(Offset("start", start - part.speech_start, start - part.start))
        if last in heard:
            end = heard[last].end
            errors.append(Offset("end", end - part.speech_end, end - part.end))
        first = last + 1
    return errors


def _parts(utterance: Utterance) -> list[Part]:
    """Find where the parts of a joined recording lie, and what is said in each."""
    if len(utterance.files) < 2:
        raise BenchmarkError(f"{utterance.name} is not joined from others, so nothing tells when its words are said")
    normalize = normalizer(utterance.language)
    parts = []
    start = 0.0
    for file in utterance.files:
        samples = read_samples(Utterance(file, (file,), 0.0, None, utterance.language))
        end = start + len(samples) / SAMPLE_RATE_HZ
        speech_start, speech_end = _speech(samples)
        words = tuple(normalize(_text_of(Path(file))).split())
        if words:
            parts.append(Part(words, start, end, start + speech_start, start + speech_end))
        start = end + utterance.gap_s
    return parts


def _text_of(file: Path) -> str:
    texts = _texts(file.resolve().parent)
    if texts.get(file.name) is None:
        raise BenchmarkError(f"{file.parent}/manifest.jsonl does not say what is said in {file.name}")
    return str(texts[file.name])


@cache
def _texts(folder: Path) -> dict[str, str | None]:
    try:
        lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BenchmarkError(f"cannot read {folder}/manifest.jsonl, which has the texts: {error.strerror}") from error
    return {item["audio"]: item["text"] for item in map(json.loads, lines) if item["audio"] is not None}


def _speech(samples: Samples) -> tuple[float, float]:
    """Find where speech begins and ends, in seconds; all of the samples where no speech is found."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(threshold=0.5, speech_pad_ms=0, min_silence_duration_ms=100, min_speech_duration_ms=50)
    found = get_speech_timestamps(samples, options)
    if not found:
        return 0.0, len(samples) / SAMPLE_RATE_HZ
    return found[0]["start"] / SAMPLE_RATE_HZ, found[-1]["end"] / SAMPLE_RATE_HZ


_HEADER = (
    *("engine", "edges", "measured", "median s", "95 % within s", f"within {NEAR_S} s %", "median late by s"),
    *("bare edges: median s", f"within {NEAR_S} s %"),
)


def _rows(label: str, errors: Sequence[Offset], n_parts: int) -> list[list[str]]:
    rows = []
    for name, edges, n_all in (
        ("start", {"start"}, n_parts),
        ("end", {"end"}, n_parts),
        ("both", {"start", "end"}, 2 * n_parts),
    ):
        chosen = [error for error in errors if error.edge in edges]
        if not chosen:
            rows.append([label, name, f"0 of {n_all}", *[""] * 6])
            continue
        signed = np.array([error.to_speech for error in chosen])
        bare = np.abs([error.to_part for error in chosen])
        off = np.abs(signed)
        figures = (np.median(off), np.percentile(off, 95), 100 * np.mean(off <= NEAR_S), np.median(signed))
        rows.append(
            [
                *(label, name, f"{len(chosen)} of {n_all}"),
                *(f"{figures[0]:.3f}", f"{figures[1]:.2f}", f"{figures[2]:.1f}", f"{figures[3]:+.3f}"),
                *(f"{np.median(bare):.3f}", f"{100 * np.mean(bare <= NEAR_S):.1f}"),
            ]
        )
    return rows
