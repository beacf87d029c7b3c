"""Measure live text: recordings are played to a session at the speed of speech, on a simulated clock.

Beside each set stands what a file of it gives. What is final is compared, span by span, with the transcript of the
same samples: it has to be the same. One thread; times are processor times of this machine, times --slower.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ
from edge.bench.play import Listening, SimulatedClock, play, with_quiet
from edge.bench.result_file import make_result
from edge.bench.scoring import Errors, score, total
from edge.bench.sets import Selection, Utterance, read_manifests, read_samples
from edge.bench.tables import machine_line, table
from edge.live.options import LiveOptions
from edge.machine import describe_machine

from ..arguments import add_json, add_models, add_precision, add_sets, given_sets
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell
from .measures import Measures, final_spans, final_text, measure, stable_text

if TYPE_CHECKING:
    import edge

EXAMPLES = """\
examples:
  python -m benchmarks live --manifest librispeech_test_other --models tiny.en
  python -m benchmarks live --manifest librispeech_test_other --models tiny.en --stable sure
  python -m benchmarks live --manifest librispeech_test_other --models tiny.en --released --slower 10
  python -m benchmarks live --manifest librispeech_test_other --models tiny.en --final-model base --released
  python -m benchmarks live --manifest librispeech_test_other --models tiny.en --peer
"""

Begin = Callable[[SimulatedClock, "str | None"], Listening]
"""Function that begins a session in a language."""

_QUIET_S = 2.5
"""Seconds of quiet after a recording whose end the session has to find."""


@dataclass(slots=True)
class SetResult:
    """Result of one model on one set."""

    model: str
    set: str
    recordings: int = 0
    seconds: float = 0.0
    busy_s: float = 0.0
    stable_errors: list[Errors] = field(default_factory=list)
    final_errors: list[Errors] = field(default_factory=list)
    whole_errors: list[Errors] = field(default_factory=list)
    flush_s: list[float] = field(default_factory=list)
    most_lag_s: float = 0.0
    spans: int = 0
    spans_that_differ: int = 0
    words_of_nobody: int = 0
    """Words that are final in recordings in which nobody speaks."""
    measures: Measures = field(default_factory=Measures)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, on what, and how."""
    add_sets(parser)
    add_models(parser)
    add_precision(parser)
    options = LiveOptions()
    parser.add_argument(
        "--endpoint", type=float, default=options.endpoint, metavar="S", help="silence that ends a turn"
    )
    parser.add_argument("--stable", choices=("quick", "sure"), default=options.stable, help="grade of stable text")
    parser.add_argument("--interval", type=float, default=options.interval, metavar="S", help="new sound for a reading")
    parser.add_argument("--released", action="store_true", help="a key is released at the end: no endpoint")
    parser.add_argument("--slower", type=float, default=1.0, metavar="X", help="simulate a processor X times slower")
    parser.add_argument("--minutes", type=float, metavar="N", help="join each set, again and again, to N minutes")
    parser.add_argument("--peer", action="store_true", help="measure two policies on faster-whisper as well")
    parser.add_argument("--final-model", metavar="NAME", help="model that reads what is final")
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    import edge

    sets = read_manifests(given_sets(arguments), arguments.data, Selection(limit=arguments.limit))
    machine = describe_machine(commit())
    print(machine_line(machine, "1 thread"))
    final = None
    if arguments.final_model:
        final = edge.load(arguments.final_model, precision=arguments.precision, threads=1)
    results = []
    for name in arguments.models:
        model = edge.load(name, precision=arguments.precision, threads=1)
        begins = [(model.name, _ours(model, final, arguments))]
        if arguments.peer:
            begins += [(f"{name}, {policy}", begin) for policy, begin in _peers(name).items()]
        for one, (label, begin) in product(sets, begins):
            result = SetResult(label, Path(one.name).name)
            _measure(result, begin, final or model, one.utterances, arguments)
            results.append(result)
            tell("")
            print(f"\n{live_table(results[-1:])}", flush=True)
    print(f"\n{live_table(results)}", flush=True)
    settings = {key: getattr(arguments, key) for key in ("endpoint", "stable", "interval", "released", "slower")}
    return make_result("live", machine, settings=settings, results=[_numbers(one) for one in results])


def _ours(model: edge.Recognizer, final: edge.Recognizer | None, arguments: argparse.Namespace) -> Begin:
    """Begin sessions of our own."""
    live = LiveOptions(
        endpoint=None if arguments.released else arguments.endpoint,
        stable=arguments.stable,
        interval=arguments.interval,
        trim=arguments.released,
    )
    return lambda clock, language: model.session(live=live, final_model=final, clock=clock, language=language)


def _peers(name: str) -> dict[str, Begin]:
    """Begin sessions of peers by their names: on faster-whisper with the same weights, at INT8 with one thread."""
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise BenchmarkError(f"the peer needs more ({error}): pip install . --group bench") from error
    from edge.store import ensure

    from .whisper_live import RepeatedReadings
    from .whisper_streaming import LocalAgreement

    folder = str(ensure(name, offline=True))
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
    return {
        "whisper_streaming": lambda clock, language: LocalAgreement(model, language or "en"),
        "WhisperLive": lambda clock, language: RepeatedReadings(model, language or "en"),
    }


def _measure(
    result: SetResult,
    begin: Begin,
    final: edge.Recognizer,
    utterances: Sequence[Utterance],
    arguments: argparse.Namespace,
) -> None:
    chosen = utterances if arguments.minutes is None else [replace(utterances[0], text=utterances[0].text and None)]
    for number, utterance in enumerate(chosen, start=1):
        tell(f"{result.model}: {result.set}, recording {number} of {len(chosen)}")
        samples = read_samples(utterance) if arguments.minutes is None else _joined(utterances, arguments.minutes)
        language = (utterance.language or "en") if len(final.languages) > 1 else None
        clock = SimulatedClock(arguments.slower)
        played = play(begin(clock, language), clock, samples if arguments.released else with_quiet(samples, _QUIET_S))
        # Sound that is repeated gives no word its own time: which time it was said cannot be told from the text.
        repeats = arguments.minutes is not None
        whole = None if repeats else final.transcribe(samples, word_timestamps=True, language=language)
        spoken = [word for segment in whole.segments for word in segment.words] if whole else []
        result.recordings += 1
        result.seconds += len(samples) / SAMPLE_RATE_HZ
        result.busy_s += played.busy_s
        result.most_lag_s = max(result.most_lag_s, played.most_lag_s)
        result.flush_s.append(played.flush_s)
        measure(result.measures, played.heard, spoken)
        heard = with_quiet(samples, _QUIET_S)
        for first, stop, text in final_spans(played.heard):
            result.spans += 1
            result.spans_that_differ += final.transcribe(heard[first:stop], language=language).text != text.strip()
        if utterance.text and whole:
            for errors, text in (
                (result.stable_errors, stable_text(played.heard)),
                (result.final_errors, final_text(played.heard)),
                (result.whole_errors, whole.text),
            ):
                errors.append(score(utterance.text, text, utterance.language))
        else:
            result.words_of_nobody += len(final_text(played.heard).split()) if utterance.text == "" else 0


def _joined(utterances: Sequence[Utterance], minutes: float) -> FloatArray:
    """Join recordings, again and again, to so many minutes."""
    parts, wanted = [], round(60 * minutes * SAMPLE_RATE_HZ)
    for utterance in cycle(utterances):
        parts.append(read_samples(utterance))
        wanted -= len(parts[-1])
        if wanted <= 0:
            break
    return np.concatenate(parts)


def live_table(results: Sequence[SetResult]) -> str:
    """Write a row for each model and set."""
    header = (
        *("model", "set", "n", "WER file", "final", "stable", "spans", "differ", "stable s mean", "median", "p95"),
        *("shown median", "p95", "changed %", "stable kept %", "final ms p50", "p95", "released ms p50", "p95"),
        *("busy ms/s", "lag s", "broken", "words of nobody"),
    )
    rows = []
    for one in results:
        m = one.measures
        rows.append(
            (
                *(one.model, one.set, str(one.recordings)),
                *(_rate(errors) for errors in (one.whole_errors, one.final_errors, one.stable_errors)),
                *(str(one.spans), str(one.spans_that_differ)),
                *(_seconds(m.stable_latency, how) for how in (np.mean, np.median, _p95)),
                *(_seconds(m.first_shown, how) for how in (np.median, _p95)),
                *(_share(m.shown_changed, m.shown), _share(m.stable_kept, m.stable)),
                *(_milliseconds(m.final_late, how) for how in (np.median, _p95)),
                *(_milliseconds(one.flush_s, how) for how in (np.median, _p95)),
                *(
                    f"{1e3 * one.busy_s / one.seconds:.0f}",
                    f"{one.most_lag_s:.2f}",
                    str(m.broken),
                    str(one.words_of_nobody),
                ),
            )
        )
    return table(header, rows, n_left=2)


def _numbers(one: SetResult) -> dict[str, Any]:
    m = one.measures
    return {
        "model": one.model,
        "set": one.set,
        "recordings": one.recordings,
        "seconds": one.seconds,
        "busy_s": one.busy_s,
        "wer": {
            name: total(errors).rate
            for name, errors in (
                ("file", one.whole_errors),
                ("final", one.final_errors),
                ("stable", one.stable_errors),
            )
        },
        "words_of_nobody": one.words_of_nobody,
        "spans": one.spans,
        "spans_that_differ": one.spans_that_differ,
        "stable_latency_s": m.stable_latency,
        "first_shown_s": m.first_shown,
        "final_late_s": m.final_late,
        "flush_s": one.flush_s,
        "most_lag_s": one.most_lag_s,
        "shown": m.shown,
        "shown_changed": m.shown_changed,
        "stable": m.stable,
        "stable_kept": m.stable_kept,
        "broken": m.broken,
    }


def _p95(values: Sequence[float]) -> Any:
    return np.percentile(values, 95)


def _rate(errors: Sequence[Errors]) -> str:
    rate = total(errors).rate if errors else None
    return "" if rate is None else f"{100 * rate:.2f}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else ""


def _seconds(values: Sequence[float], how: Callable[[Sequence[float]], Any]) -> str:
    return f"{float(how(values)):.2f}" if values else ""


def _milliseconds(values: Sequence[float], how: Callable[[Sequence[float]], Any]) -> str:
    return f"{1e3 * float(how(values)):.0f}" if values else ""
