"""Command line of the benchmarks: `python -m benchmarks asr | kernels | compare`, from the checkout."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .checkout import prefer_compiled_edge
from .errors import BenchmarkError

_DEFAULT_ENGINES = "edgewise:int8,faster-whisper:int8,transcribe-cpp:q8_0,pywhispercpp:q8_0"


def build_parser() -> argparse.ArgumentParser:
    """The arguments of all commands."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_asr(commands.add_parser("asr", help="engines side by side over a set of recordings"))
    _add_kernels(commands.add_parser("kernels", help="kernels at real shapes beside the machine's peak"))
    comparison = commands.add_parser("compare", help="two result files: what changed beyond the noise")
    comparison.add_argument("first", type=Path, metavar="A.json")
    comparison.add_argument("second", type=Path, metavar="B.json")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it could measure."""
    options = build_parser().parse_args(arguments)
    prefer_compiled_edge()
    try:
        _run(options)
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.command == "compare":
        from .compare import compare

        print(compare(options.first, options.second))
        return
    result = _run_asr(options) if options.command == "asr" else _run_kernels(options)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _run_asr(options: argparse.Namespace) -> dict[str, Any]:
    from .asr import AsrOptions, parse_engine, run_asr

    return run_asr(
        AsrOptions(
            manifest=options.manifest,
            engines=tuple(parse_engine(text) for text in options.engines),
            models=options.models,
            threads=options.threads,
            repeats=options.repeats,
            limit=options.limit,
            beam=options.beam,
            timestamps=options.timestamps,
        )
    )


def _run_kernels(options: argparse.Namespace) -> dict[str, Any]:
    from .kernels import KernelOptions, run_kernels

    return run_kernels(
        KernelOptions(options.models, options.threads, options.seconds, options.rounds, options.checkasm)
    )


def _add_asr(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--manifest", type=Path, required=True, help="a manifest.jsonl, or the folder it lies in")
    parser.add_argument(
        "--engines",
        type=_names,
        default=_names(_DEFAULT_ENGINES),
        help=f"comma list of name:precision (default {_DEFAULT_ENGINES})",
    )
    parser.add_argument("--models", type=_names, default=("tiny.en",), help="comma list (default tiny.en)")
    parser.add_argument("--threads", type=_positive, default=2, help="of each engine (default 2)")
    parser.add_argument("--repeats", type=_positive, default=3, help="passes over the set (default 3)")
    parser.add_argument("--limit", type=_positive, help="only so many recordings, from the first")
    parser.add_argument("--beam", type=_positive, default=1, help="beams; 1 is greedy (default)")
    parser.add_argument(
        "--timestamps",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="decode segment times",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write everything to this file")


def _add_kernels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models",
        type=_names,
        default=("tiny", "base", "small"),
        help="comma list (default tiny,base,small)",
    )
    parser.add_argument("--threads", type=_counts, default=(1, 2), help="comma list (default 1,2)")
    parser.add_argument("--seconds", type=float, default=0.1, help="for each measurement (default 0.1)")
    parser.add_argument("--rounds", type=_positive, default=3, help="passes over all shapes (default 3)")
    parser.add_argument(
        "--checkasm",
        type=Path,
        metavar="PROGRAM",
        help="a built checkasm, to time the kernels that are no products as well",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write everything to this file")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _counts(text: str) -> tuple[int, ...]:
    return tuple(_positive(word) for word in text.split(","))


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


if __name__ == "__main__":
    sys.exit(main())
