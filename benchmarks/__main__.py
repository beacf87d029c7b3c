"""Command line of the benchmarks, from the checkout: `python -m benchmarks COMMAND`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from typing import Any

from edge.errors import EdgeError

from .arguments import build_parser
from .errors import BenchmarkError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it could measure."""
    options = build_parser(__doc__).parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    try:
        _run(options)
    except (BenchmarkError, EdgeError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _end(number: int, frame: object) -> None:
    """End as errors do: a process of an engine that waits for its turn is stopped, and would stay so for ever."""
    raise SystemExit(128 + number)


def _run(options: argparse.Namespace) -> None:
    if options.command == "compare":
        from .compare import compare

        print(compare(options.first, options.second))
        return
    result = _COMMANDS[options.command](options)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _run_asr(options: argparse.Namespace) -> dict[str, Any]:
    from edge.bench.sets import Selection

    from .asr import AsrOptions, run_asr
    from .specs import parse_engine

    return run_asr(
        AsrOptions(
            sets=tuple(name for names in options.manifest for name in names),
            engines=tuple(parse_engine(text) for text in options.engines),
            models=options.models,
            threads=options.threads,
            data=options.data,
            selection=Selection(options.min_seconds, options.max_seconds, options.limit),
            repeats=options.repeats,
            beam=options.beam,
            timestamps=options.timestamps,
        )
    )


def _run_nbest(options: argparse.Namespace) -> dict[str, Any]:
    from .nbest import NbestOptions, run_nbest

    return run_nbest(
        NbestOptions(
            sets=tuple(name for names in options.manifest for name in names),
            models=options.models,
            precision=options.precision,
            threads=options.threads,
            counts=options.n,
            data=options.data,
            limit=options.limit,
        )
    )


def _run_coverage(options: argparse.Namespace) -> dict[str, Any]:
    from .coverage import CoverageOptions, run_coverage

    return run_coverage(
        CoverageOptions(
            sets=tuple(name for names in options.manifest for name in names),
            models=options.models,
            precision=options.precision,
            threads=options.threads,
            data=options.data,
            recordings=options.recordings,
            seed=options.seed,
            timestamps=options.timestamps,
        )
    )


def _run_vocabulary(options: argparse.Namespace) -> dict[str, Any]:
    from .vocabulary import VocabularyOptions, run_vocabulary

    return run_vocabulary(
        VocabularyOptions(
            sets=tuple(name for names in options.manifest for name in names),
            models=options.models,
            texts=options.texts,
            distractors=options.distractors,
            precision=options.precision,
            beam_size=options.beam_size,
            strength=options.strength,
            threads=options.threads,
            data=options.data,
            limit=options.limit,
        )
    )


def _run_hallucination(options: argparse.Namespace) -> dict[str, Any]:
    from .hallucination import HallucinationOptions, run_hallucination
    from .specs import parse_engine

    return run_hallucination(
        HallucinationOptions(
            silent=options.silent,
            speech=options.speech,
            engines=tuple(parse_engine(text) for text in options.engines),
            models=options.models,
            threads=options.threads,
            data=options.data,
            limit=options.limit,
            timestamps=options.timestamps,
        )
    )


def _run_kernels(options: argparse.Namespace) -> dict[str, Any]:
    from .kernels import KernelOptions, run_kernels

    return run_kernels(
        KernelOptions(options.models, options.threads, options.seconds, options.rounds, options.checkasm)
    )


def _run_step(options: argparse.Namespace) -> dict[str, Any]:
    from .step import StepOptions, run_step

    return run_step(
        StepOptions(
            models=options.models,
            precisions=options.precision,
            threads=options.threads,
            seconds=options.seconds,
            steps=options.steps,
            rounds=options.rounds,
        )
    )


def _run_perplexity(options: argparse.Namespace) -> dict[str, Any]:
    from .perplexity import PerplexityOptions, run_perplexity

    return run_perplexity(
        PerplexityOptions(tuple(options.models), options.text, options.tokens, options.context, options.threads)
    )


def _run_precisions(options: argparse.Namespace) -> dict[str, Any]:
    from .precisions import PrecisionsOptions, run_precisions

    return run_precisions(
        PrecisionsOptions(
            models=tuple(options.models),
            sets=tuple(name for names in options.manifest for name in names),
            levels_db=options.levels,
            threads=options.threads,
            data=options.data,
            limit=options.limit,
        )
    )


def _run_compression(options: argparse.Namespace) -> dict[str, Any]:
    from .compression import CompressionOptions, run_compression

    return run_compression(
        CompressionOptions(
            sets=tuple(name for names in options.manifest for name in names),
            calibration=tuple(options.calibration),
            models=options.models,
            reductions=options.reductions,
            precisions=options.precisions,
            recovered=options.recovered,
            recover_s=60 * options.recover_minutes,
            data=options.data,
            limit=options.limit,
            keep=options.keep,
            threads=options.threads,
            rounds=options.rounds,
        )
    )


def _run_words(options: argparse.Namespace) -> dict[str, Any]:
    from edge.bench.sets import Selection

    from .specs import parse_engine
    from .word_times import WordOptions, run_words

    return run_words(
        WordOptions(
            sets=tuple(name for names in options.manifest for name in names),
            engines=tuple(parse_engine(text) for text in options.engines),
            models=options.models,
            threads=options.threads,
            data=options.data,
            selection=Selection(limit=options.limit),
        )
    )


def _run_confidence(options: argparse.Namespace) -> dict[str, Any]:
    from edge.bench.sets import Selection

    from .calibration import CalibrationOptions, run_calibration

    return run_calibration(
        CalibrationOptions(
            fit=options.fit,
            evaluate=options.evaluate,
            models=options.models,
            precision=options.precision,
            threads=options.threads,
            data=options.data,
            selection=Selection(limit=options.limit),
        )
    )


_COMMANDS = {
    "asr": _run_asr,
    "compression": _run_compression,
    "confidence": _run_confidence,
    "coverage": _run_coverage,
    "hallucination": _run_hallucination,
    "kernels": _run_kernels,
    "nbest": _run_nbest,
    "perplexity": _run_perplexity,
    "precisions": _run_precisions,
    "step": _run_step,
    "vocabulary": _run_vocabulary,
    "words": _run_words,
}


if __name__ == "__main__":
    sys.exit(main())
