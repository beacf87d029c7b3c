"""`edgewise export`: a checkpoint becomes a model file, ours or another engine's."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import partial
from math import isfinite
from pathlib import Path

from ..errors import EdgeError, OptionError
from ..names import given_path
from . import export_llm
from .arguments import HELP, ONNX_PRECISIONS, PRECISIONS, Subcommands
from .console import streams
from .console.bar import Console

_MOST_DB = 60
"""Beside a recording's own level."""

TARGETS = ("gguf", "whispercpp", "huggingface", "ctranslate2", "onnx")

_EPILOG = """\
SOURCE is a CTranslate2 or Hugging Face folder, an openai-whisper .pt, a whisper.cpp .bin, a GGUF file,
or the name of a model that `edgewise models list` shows; a folder called small is ./small.

--calibration needs no transcripts: minutes of speech are enough, twenty are used (three hours by --recover).
--compress takes that share of the encoder's weights away, where the words suffer least; --recover trains what is left,
and INT4, to say what the whole model says; interrupted, it goes on when the same command is run again. Both need torch:
pip install "edgewise[export]".

--eval measures the model beside float32 on sets of recordings, and writes a report beside it and into it (`edgewise
inspect` shows it); a GGUF file runs on our own engine, an ONNX folder on onnxruntime. What breaks --max-wer-increase,
--max-size or --target-ms is not kept. --precision auto looks for the smallest GGUF file within them. A set is a
manifest.jsonl, or a folder that holds one: an object a line, {"audio": "a.flac", "text": "what is said", "lang": "en"}.
No recording of it may be among those of --calibration. Comparing words needs `pip install "edgewise[export]"`.

--to onnx writes a folder for onnxruntime, at f32, int8 (weights and activations), w8 or w4 (weights alone), and
compares it with transformers; it needs `pip install "edgewise[onnx-export]"`.

examples:
  edgewise export whisper whisper-small/ -o small-int8.gguf --precision int8
  edgewise export whisper base -o base-int4.gguf --precision int4 --calibration my-recordings/
  edgewise export whisper base -o small.gguf --calibration my-recordings/ --compress 25% --recover 20m
  edgewise export whisper base -o auto.gguf --precision auto --max-wer-increase 0.3 --eval my-set/manifest.jsonl \\
      --calibration my-recordings/ --max-size 60MB
  edgewise export whisper base -o ggml-base.bin --to whispercpp --precision f16
  edgewise export whisper base -o base-onnx/ --to onnx --precision int8 --eval my-set/manifest.jsonl
  edgewise transcribe talk.wav --model small-int8.gguf
  edgewise transcribe talk.wav --model base-onnx/ --engine onnxruntime
"""


def add_parser(commands: Subcommands) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "export",
        help="convert a checkpoint into a model file",
        description="Convert a checkpoint into a model file.",
    )
    families = parser.add_subparsers(title="families", metavar="FAMILY", required=True)
    whisper = families.add_parser(
        "whisper",
        help="a Whisper checkpoint of any size",
        description="Convert a Whisper checkpoint into a GGUF model file, or into another engine's form.",
        epilog=_EPILOG,
        formatter_class=HELP,
    )
    whisper.add_argument("source", metavar="SOURCE")
    whisper.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT", help="the file to write, or the folder"
    )
    whisper.add_argument(
        "--precision",
        choices=(*PRECISIONS, *ONNX_PRECISIONS, "auto"),
        help="of the weights (default: int8, for other engines' forms f16); w8 and w4 are for --to onnx; auto: the "
        "smallest within the budget",
    )
    whisper.add_argument("--to", choices=TARGETS, default="gguf", help="the form to write (default: gguf)")
    whisper.add_argument("--name", help="the model's name (default: what the source says)")
    whisper.add_argument("--offline", action="store_true", help="never use the network")
    _add_compression(whisper)
    _add_budget(whisper)
    whisper.set_defaults(run=_run)
    export_llm.add_parser(families)


def _add_compression(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("smaller at the same words")
    group.add_argument(
        "--calibration",
        nargs="+",
        type=Path,
        default=(),
        metavar="PATH",
        help="recordings of speech like yours (files, folders, manifests), so that int8 and int4 lose less",
    )
    group.add_argument(
        "--compress", type=_share, default=0.0, metavar="SHARE", help="of the encoder's weights to take away: 25%%"
    )
    group.add_argument(
        "--recover", type=_seconds, default=0.0, metavar="TIME", help="train for so long: 90s, 20m, 1h (default: not)"
    )


def _add_budget(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("measured, within a budget")
    group.add_argument(
        "--max-wer-increase",
        type=_limit,
        metavar="POINTS",
        help="percentage points of word error rate above float32, on the mean of the sets",
    )
    group.add_argument(
        "--eval", nargs="+", type=Path, metavar="SET", help="measure on these: recordings with their words"
    )
    group.add_argument(
        "--eval-levels",
        type=_levels,
        default=(0.0,),
        metavar="DB[,DB...]",
        help="hear every recording so many decibels louder (default 0: as it is); at several, such as -6,-3,0,3,6, "
        "less hangs on chance. After a minus write --eval-levels=-6,…",
    )
    group.add_argument("--max-size", type=_n_bytes, metavar="SIZE", help="of the file: 30MB")
    group.add_argument("--target-ms", type=_limit, metavar="MS", help="mean time of a recording, on this machine")


def _share(text: str) -> float:
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"expected a share such as 25% or 0.25, found {text!r}")
    return value


def _limit(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):  # nothing is more than NaN: it would allow all
        raise argparse.ArgumentTypeError(f"expected a number, found {text!r}")
    return value


def _levels(text: str) -> tuple[float, ...]:
    levels = tuple(map(_limit, text.split(",")))
    if max(map(abs, levels)) > _MOST_DB:
        raise argparse.ArgumentTypeError(f"expected levels of at most {_MOST_DB} dB, found {text!r}")
    return levels


def _seconds(text: str) -> float:
    return _scaled(text, {"s": 1, "m": 60, "h": 3600}, "a time such as 90s, 20m or 1h")


def _n_bytes(text: str) -> int:
    return round(_scaled(text.upper().removesuffix("B"), {"K": 1e3, "M": 1e6, "G": 1e9}, "a size such as 30MB"))


def _scaled(text: str, units: Mapping[str, float], expected: str) -> float:
    try:
        value = float(text[:-1]) * units[text[-1]]
    except (ValueError, KeyError, IndexError):
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected {expected}, found {text!r}")
    return value


def _check(args: argparse.Namespace) -> None:
    is_auto = args.precision == "auto"
    if is_auto and (args.max_wer_increase is None or not args.eval):
        raise OptionError("--precision auto needs --max-wer-increase POINTS and --eval SET")
    if not args.eval and (args.max_wer_increase, args.max_size, args.target_ms) != (None,) * 3:
        raise OptionError("--max-wer-increase, --max-size and --target-ms need --eval SET to measure on")
    if is_auto and args.compress:
        raise OptionError("--precision auto chooses how much to compress; leave --compress out")


def _run(args: argparse.Namespace, console: Console) -> int:
    _check(args)
    try:
        from export.measure.budget import Budget
        from export.whisper import export_whisper
    except ImportError as error:
        advice = 'pip install "edgewise[export]"'
        raise EdgeError(f"the exporter cannot be imported ({error}): {advice}") from error
    from ..files import remove_killed
    from ..store import Store

    store = Store()
    remove_killed(args.output.absolute().parent)
    bring = partial(store.ensure, offline=args.offline or None, progress=console.progress)
    source, name = given_path(args.source), args.name
    if source is None:
        source, name = bring(args.source), name or args.source
    budget = None
    if args.eval:
        budget = Budget(tuple(args.eval), args.max_wer_increase, args.max_size, args.target_ms, args.eval_levels)
    report = export_whisper(
        source,
        args.output,
        precision=args.precision,
        compress=args.compress,
        recover_s=args.recover,
        budget=budget,
        to=args.to,
        name=name,
        calibration=args.calibration,
        keep_in=store.home / "calibrations",
        assets=partial(bring, "whisper-tables"),
        clip=store.place("jfk") if store.is_here("jfk") else None,
        progress=console.progress,
    )
    console.clear()
    streams.report(str(report))
    return 0
