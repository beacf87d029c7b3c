"""`edgewise export`: a checkpoint becomes a model file, ours or another engine's."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import partial
from math import isfinite
from pathlib import Path

from ..errors import EdgeError, OptionError
from ..names import DEFAULT_PRECISION, given_path
from .console import streams
from .console.bar import Console
from .options.model import ONNX_PRECISIONS, PRECISIONS, add_offline
from .parser import Command, Parser

_MOST_DB = 60
"""Decibels above or below a recording's own level, at most."""

_MOST_TIMES = 20
"""Number of times that recordings are heard again, at most."""

TARGETS = ("gguf", "whispercpp", "huggingface", "ctranslate2", "onnx")
"""Forms to write; the home of their names (export.whisper) takes numpy, which no help needs, and a test holds both
together."""

_EPILOG = """\
SOURCE is a CTranslate2 or Hugging Face folder, an openai-whisper .pt, a whisper.cpp .bin, a GGUF file,
or the name of a model that `edgewise models list` shows; a folder called small is ./small.

--calibration needs no transcripts: minutes of speech are enough, twenty are used (six hours by --recover).
--compress removes that share of the encoder's weights, where the words suffer least; --recover trains what is left,
and INT4, to say what the whole model says. Interrupted, it goes on when the same command is run again. Both need torch:
pip install "edgewise[export]". --vary lets both hear more than there is.

--eval compares the model with float32 on sets of recordings, and writes a report next to it and into it (`edgewise
inspect` shows it); a GGUF file runs on our own engine, an ONNX folder on onnxruntime. A model that exceeds
--max-wer-increase, --max-size or --target-ms is not kept. --precision auto looks for the smallest GGUF file within
them. A set is a manifest.jsonl, or a folder that holds one, with an object on each line:
{"audio": "a.flac", "text": "what is said", "lang": "en"}. No recording of it may be among those of --calibration.
Comparing words needs `pip install "edgewise[export]"`.

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


FAMILIES: Mapping[str, Command] = {
    "whisper": Command("export", "a Whisper checkpoint of any size", "declare_whisper"),
    "llm": Command("export_llm", "a small language model of the Llama family"),
}


def declare(parser: Parser) -> None:
    """Declare the families."""
    parser.description = "Convert a checkpoint into a model file."
    parser.add_commands("families", "FAMILY", FAMILIES)


def declare_whisper(parser: Parser) -> None:
    """Declare the export of Whisper."""
    parser.usage = "%(prog)s SOURCE -o OUT [options]"
    parser.description = "Convert a Whisper checkpoint into a GGUF model file, or into another engine's form."
    parser.epilog = _EPILOG
    parser.add_argument("source", metavar="SOURCE", help="checkpoint, or the name of a model; see below")
    group = parser.group("common options")
    group.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT", help="file to write, or for some forms a folder"
    )
    group.add_argument(
        "--precision",
        choices=(*PRECISIONS, *ONNX_PRECISIONS, "auto"),
        help=f"precision of the weights; {' and '.join(ONNX_PRECISIONS)} are for --to onnx, and auto is the smallest "
        f"within the budget (default: {DEFAULT_PRECISION}, for other engines' forms f16)",
    )
    group.add_argument("--to", choices=TARGETS, default=TARGETS[0], help="form to write (default: %(default)s)")
    group.add_argument("--name", help="name of the model (default: what the source says)")
    add_offline(group)
    _add_compression(parser)
    _add_budget(parser)
    parser.set_defaults(run=run)


def _add_compression(parser: Parser) -> None:
    group = parser.group("smaller at the same words")
    group.add_argument(
        "--calibration",
        nargs="+",
        type=Path,
        default=(),
        metavar="PATH",
        help="recordings of speech like yours (files, folders, manifests), so that int8 and int4 lose less",
    )
    group.add_argument(
        "--compress",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="share of the encoder's weights to remove: 25%%",
    )
    group.add_argument(
        "--recover",
        type=_seconds,
        default=0.0,
        metavar="TIME",
        help="time to train what is left: 20m (default: none)",
    )
    group.add_argument(
        "--vary",
        type=_times,
        default=0,
        metavar="N",
        help="times that both hear the recordings again, faster or slower, louder or quieter (default: 0)",
    )
    for name, what in (("rooms", "impulse responses of rooms"), ("noise", "noise without words")):
        group.add_argument(
            f"--{name}",
            nargs="+",
            type=Path,
            default=(),
            metavar="PATH",
            help=f"recordings of {what}, in which some of that is heard",
        )


def _add_budget(parser: Parser) -> None:
    group = parser.group("measured, within a budget")
    group.add_argument(
        "--max-wer-increase",
        type=_limit,
        metavar="POINTS",
        help="percentage points of word error rate above float32 that are allowed, on the mean of the sets",
    )
    group.add_argument(
        "--eval", nargs="+", type=Path, metavar="SET", help="sets to measure on: recordings with their words"
    )
    group.add_argument(
        "--eval-levels",
        type=_levels,
        default=(0.0,),
        metavar="DB[,DB...]",
        help="gains in dB at which each recording is scored; several, such as -6,-3,0,3,6, average out chance. Before "
        "a minus write =, as in --eval-levels=-6,0 (default: 0, as it is)",
    )
    group.add_argument("--max-size", type=_n_bytes, metavar="SIZE", help="largest size of the file, such as 30MB")
    group.add_argument("--target-ms", type=_limit, metavar="MS", help="longest mean time of a recording here")


def _share(text: str) -> float:
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"expected a share such as 25% or 0.25, found {text!r}")
    return value


def _times(text: str) -> int:
    if not text.isdecimal() or int(text) > _MOST_TIMES:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to {_MOST_TIMES}, found {text!r}")
    return int(text)


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


def run(args: argparse.Namespace, console: Console) -> int:
    """Export, and report what was made."""
    _check(args)
    try:
        from export.measure.budget import Budget
        from export.recipe import Learning, Variety
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
        to=args.to,
        name=name,
        learning=Learning(
            tuple(args.calibration),
            args.compress,
            args.recover,
            store.home / "calibrations",
            Variety(args.vary, tuple(args.rooms), tuple(args.noise)),
        ),
        budget=budget,
        assets=partial(bring, "whisper-tables"),
        clip=store.place("jfk") if store.is_here("jfk") else None,
        progress=console.progress,
    )
    console.clear()
    streams.report(str(report))
    return 0
