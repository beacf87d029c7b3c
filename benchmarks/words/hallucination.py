"""Count words that nobody said, and what the guards against them cost in words said.

Words a minute, in sets where nobody speaks and in pauses between utterances; beside them word error rates on speech.
Engines take no turns, so nothing here is a time.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.audio import SAMPLE_RATE_HZ
from edge.bench.result_file import make_result
from edge.bench.scoring import Errors, normalizer, score, total
from edge.bench.sets import Selection, Utterance, read_manifests, read_samples
from edge.bench.tables import machine_line, table
from edge.errors import EdgeError
from edge.machine import describe_machine

from ..arguments import add_data, add_json, add_models, add_threads, names, positive
from ..checkout import commit
from ..errors import BenchmarkError
from ..peers.child import EngineProcess
from ..peers.engines import ENGINES, EngineSettings
from ..peers.specs import EngineSpec, parse_engine
from ..progress import tell
from .nonspeech import clips, with_pauses

DEFAULT_ENGINES = (
    "edgewise:int8,edgewise:int8:vad=off,edgewise:int8:vad=on,faster-whisper:int8,faster-whisper:int8:vad=on,"
    "transcribe-cpp:q8_0,pywhispercpp:q8_0"
)

EXAMPLES = """\
examples:
  python -m benchmarks hallucination --models tiny.en,base --json invented.json
  python -m benchmarks hallucination --silent generated --engines edgewise:int8,edgewise:int8:vad=off
"""

GENERATED = "generated"
PAUSES = "pauses"
_SPLICED = 3
"""Number of utterances that pauses are put between, in one recording."""


@dataclass(frozen=True, slots=True)
class HallucinationOptions:
    """Options of the command."""

    silent: tuple[str, ...]
    """Sets in which nobody speaks; `GENERATED` is the one made here."""
    speech: tuple[str, ...]
    """Sets of speech, for word error rates; the first is also heard with pauses spliced in."""
    engines: tuple[EngineSpec, ...]
    models: tuple[str, ...]
    threads: int
    data: Path | None
    limit: int | None
    """Number of recordings to take of each set of speech."""
    timestamps: bool


@dataclass(frozen=True, slots=True)
class Invented:
    """Words that one engine wrote where nobody speaks."""

    set: str
    minutes: float
    clips: int
    clips_with_text: int
    words: int
    texts: tuple[tuple[str, str], ...]
    """Pairs (recording, text), where there is text."""

    @property
    def per_minute(self) -> float:
        """Words per minute."""
        return self.words / self.minutes


@dataclass(frozen=True, slots=True)
class Row:
    """Result of one engine with one model."""

    model: str
    label: str
    silent: tuple[Invented, ...]
    speech: tuple[tuple[str, Errors], ...]
    """Pairs (set, edits); `PAUSES` is the first set with pauses."""
    pauses_per_minute: float | None
    """Number of `inserted_words` that are not there without the pauses, per minute of pause."""


@dataclass(frozen=True, slots=True)
class Material:
    """Recordings to transcribe."""

    silent: tuple[tuple[str, tuple[Utterance, ...]], ...]
    speech: tuple[tuple[str, tuple[Utterance, ...]], ...]
    pause_minutes: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, on what, and how."""
    parser.add_argument(
        "--silent",
        type=names,
        default=("silence", "noise_esc10", "noise_ambient", "music", GENERATED),
        metavar="SET[,SET...]",
        help="sets in which nobody speaks; generated is ten minutes of noise made here (default: all there are)",
    )
    parser.add_argument(
        "--speech",
        type=names,
        default=("librispeech_test_other",),
        metavar="SET[,SET...]",
        help="sets of speech for word error rates, the first also with pauses in it (default librispeech_test_other)",
    )
    add_data(parser)
    parser.add_argument("--limit", type=positive, help="only so many recordings of each set of speech")
    parser.add_argument(
        "--engines",
        type=names,
        default=names(DEFAULT_ENGINES),
        help=f"comma list of name:precision; :vad=on|off may follow some (default {DEFAULT_ENGINES})",
    )
    add_models(parser)
    add_threads(parser)
    parser.add_argument(
        "--timestamps",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="decode segment times, as users get them (default: yes)",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_hallucination(
        HallucinationOptions(
            silent=arguments.silent,
            speech=arguments.speech,
            engines=tuple(parse_engine(text) for text in arguments.engines),
            models=arguments.models,
            threads=arguments.threads,
            data=arguments.data,
            limit=arguments.limit,
            timestamps=arguments.timestamps,
        )
    )


def run_hallucination(options: HallucinationOptions) -> dict[str, Any]:
    """Measure, print a table for each model, and return what the JSON file holds."""
    machine = describe_machine(commit())
    print(machine_line(machine, f"{options.threads} threads"))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="edgewise-benchmarks-") as scratch:
        material = _material(options, Path(scratch))
        for model in options.models:
            of_model = [_measured(options, spec, model, material, Path(scratch)) for spec in options.engines]
            print(f"\n{model}: words per minute where nobody speaks (clips with text)\n\n{invented_table(of_model)}")
            if options.speech:
                print(f"\n{model}: word error rates\n\n{speech_table(of_model)}")
            rows += of_model
    return make_result(
        "hallucination",
        machine,
        settings={"threads": options.threads, "limit": options.limit, "timestamps": options.timestamps},
        results=[asdict(row) for row in rows],
    )


def invented_table(rows: Sequence[Row]) -> str:
    """Write words per minute, a column a set."""
    names = [invented.set for invented in rows[0].silent]
    lines = []
    for row in rows:
        cells = [f"{one.per_minute:.2f} ({one.clips_with_text}/{one.clips})" for one in row.silent]
        pauses = "-" if row.pauses_per_minute is None else f"{row.pauses_per_minute:.2f}"
        lines.append((row.label, *cells, pauses))
    return table(("engine", *names, PAUSES), lines)


def speech_table(rows: Sequence[Row]) -> str:
    """Write word error rates in percent, a column a set."""
    names = [name for name, _ in rows[0].speech]
    lines = [(row.label, *("-" if (r := e.rate) is None else f"{100 * r:.2f}" for _, e in row.speech)) for row in rows]
    return table(("WER %", *names), lines)


def count_words(text: str) -> int:
    """Count the words of a text; a dot or a note by itself is not one."""
    return sum(any(letter.isalnum() for letter in word) for word in text.split())


def _material(options: HallucinationOptions, scratch: Path) -> Material:
    named = tuple(name for name in options.silent if name != GENERATED)
    manifests = {m.name: m.utterances for m in read_manifests(named, options.data, Selection())} if named else {}
    silent = [(name, tuple(manifests[Path(name).name])) for name in named]
    if GENERATED in options.silent:
        silent.append((GENERATED, tuple(_generated(scratch))))
    if not options.speech:
        return Material(tuple(silent), (), 0.0)
    speech = [
        (manifest.name, manifest.utterances)
        for manifest in read_manifests(options.speech, options.data, Selection(limit=options.limit))
    ]
    spliced, pause_minutes = _spliced(speech[0][1], scratch)
    return Material(tuple(silent), (*speech, (PAUSES, spliced)), pause_minutes)


def _generated(scratch: Path) -> Iterator[Utterance]:
    for number, clip in enumerate(clips()):
        path = _write(scratch / f"generated-{number}.wav", clip.samples)
        yield Utterance(clip.name, (path,), 0.0, "", "en", len(clip.samples) / SAMPLE_RATE_HZ)


def _spliced(utterances: Sequence[Utterance], scratch: Path) -> tuple[tuple[Utterance, ...], float]:
    """Join utterances, three a recording with pauses around them; return also how many minutes of pause there are."""
    made, paused = [], 0
    for first in range(0, len(utterances) - _SPLICED + 1, _SPLICED):
        group = utterances[first : first + _SPLICED]
        samples, n_paused = with_pauses([read_samples(one) for one in group], seed=first)
        paused += n_paused
        path = _write(scratch / f"pauses-{first}.wav", samples)
        text = " ".join(one.text or "" for one in group)
        made.append(Utterance(f"pauses from {group[0].name}", (path,), 0.0, text, group[0].language))
    return tuple(made), paused / SAMPLE_RATE_HZ / 60


def _write(path: Path, samples: Any) -> str:
    import soundfile

    soundfile.write(path, samples, SAMPLE_RATE_HZ, subtype="FLOAT")
    return str(path)


def _measured(options: HallucinationOptions, spec: EngineSpec, model: str, material: Material, scratch: Path) -> Row:
    try:
        weights = ENGINES[spec.engine].weights(model, spec.precision, scratch)
    except EdgeError as error:
        raise BenchmarkError(f"{spec.label}: {error}") from error
    settings = EngineSettings(spec.precision, options.threads, 1, options.timestamps, dict(spec.options))
    with EngineProcess(spec.engine, weights, settings) as process:
        process.load()

        def heard(utterances: Sequence[Utterance], name: str) -> list[str]:
            texts = []
            for index, utterance in enumerate(utterances, start=1):
                tell(f"{model}, {spec.label}: {name}, {index} of {len(utterances)}")
                texts.append(process.run(_in_english(utterance)).text)
            tell("")
            return texts

        silent = tuple(_invented(name, group, heard(group, name)) for name, group in material.silent)
        speech = [(name, group, heard(group, name)) for name, group in material.speech]
    pauses = None
    if speech:
        alone, spliced = (_inserted(group, texts) for _, group, texts in (speech[0], speech[-1]))
        pauses = _inserted_in_pauses(alone, spliced, material.pause_minutes)
    errors = tuple((name, _errors(group, texts)) for name, group, texts in speech)
    return Row(model, spec.label, silent, errors, pauses)


def _in_english(utterance: Utterance) -> Utterance:
    """Ask for one language: to detect one where nobody speaks is another question."""
    return Utterance(utterance.name, utterance.files, utterance.gap_s, utterance.text, utterance.language or "en")


def _invented(name: str, utterances: Sequence[Utterance], texts: Sequence[str]) -> Invented:
    counts = [count_words(text) for text in texts]
    seconds = sum(len(read_samples(utterance)) for utterance in utterances) / SAMPLE_RATE_HZ
    found = tuple((u.name, text) for u, text, count in zip(utterances, texts, counts, strict=True) if count)
    return Invented(name, seconds / 60, len(utterances), len(found), sum(counts), found)


def _errors(utterances: Sequence[Utterance], texts: Sequence[str]) -> Errors:
    return total(score(u.text or "", text, u.language) for u, text in zip(utterances, texts, strict=True))


def _inserted(utterances: Sequence[Utterance], texts: Sequence[str]) -> list[int]:
    return [inserted_words(u.text or "", text, u.language) for u, text in zip(utterances, texts, strict=True)]


def inserted_words(reference: str, transcript: str, language: str | None = None) -> int:
    """Count words of the transcript between two words that are right, where the reference has no word.

    Next to a wrong or a missing word, an inserted one is half of what was misheard, and no invention.
    """
    import jiwer

    normalize = normalizer(language)
    (chunks,) = jiwer.process_words(normalize(reference), normalize(transcript)).alignments
    kinds = ["equal", *(chunk.type for chunk in chunks), "equal"]
    return sum(
        chunk.hyp_end_idx - chunk.hyp_start_idx
        for before, chunk, after in zip(kinds, chunks, kinds[2:], strict=False)
        if chunk.type == "insert" and before == after == "equal"
    )


def _inserted_in_pauses(alone: Sequence[int], spliced: Sequence[int], pause_minutes: float) -> float:
    """Count words per minute of pause that the same utterances do not have without pauses."""
    groups = [sum(alone[at : at + _SPLICED]) for at in range(0, _SPLICED * len(spliced), _SPLICED)]
    return sum(max(0, n - without) for n, without in zip(spliced, groups, strict=True)) / pause_minutes
