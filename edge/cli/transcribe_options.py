"""The options of `edgewise transcribe`, by what they are about."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .arguments import ONNX_PRECISIONS, PRECISIONS, positive
from .decoding import (
    add_language_arguments,
    add_search_arguments,
    add_vocabulary_arguments,
    add_word_arguments,
)
from .vad_options import declare_vad

CONTEXTS = ("tail", "full")
ENGINES = ("edgewise", "onnxruntime")
DEFAULT_FORMAT = "txt"
ALL_FORMATS = "all"
SHOW_DOUBTS = frozenset({"txt", "json", "jsonl"})
"""Formats in which the probabilities of words are to be seen; in txt as colours."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare arguments and options."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="recordings, folders of them (with subfolders), or patterns such as 'talks/**/*.wav'; "
        "- reads a recording, or raw 16 kHz PCM, from standard input",
    )
    parser.add_argument(
        "--raw",
        action="store_true",
        help="take what comes as raw 16 kHz 16-bit mono PCM, whatever it looks like",
    )
    parser.add_argument(
        "--demo", action="store_true", help="fetch the model and a public-domain clip, and transcribe it"
    )
    parser.add_argument(
        "--track",
        type=positive,
        metavar="N",
        help="audio track of films and other containers, counted from 1 (default: the one marked as the default)",
    )
    parser.add_argument("--timing", action="store_true", help="say on standard error where the time went")
    _declare_model(parser.add_argument_group("model"))
    add_language_arguments(parser)
    add_search_arguments(parser)
    add_word_arguments(parser)
    add_vocabulary_arguments(parser)
    declare_vad(parser)
    _declare_output(parser.add_argument_group("output"))


def reading_settings(args: argparse.Namespace) -> dict[str, Any]:
    """What was said about how recordings are read, and nothing else."""
    given = {"raw": args.raw or None, "track": args.track}
    return {name: value for name, value in given.items() if value is not None}


def _declare_model(group: argparse._ArgumentGroup) -> None:
    group.add_argument("-m", "--model", default="tiny.en", metavar="NAME", help="name or .gguf file (default: tiny.en)")
    group.add_argument(
        "--precision", choices=(*PRECISIONS, *ONNX_PRECISIONS), help="of a model given by name (default: int8)"
    )
    group.add_argument("--engine", choices=ENGINES, default=ENGINES[0], help="what runs the model (default: edgewise)")
    group.add_argument("-t", "--threads", type=positive, metavar="N", help="(default: the processor's physical cores)")
    group.add_argument("--offline", action="store_true", help="never use the network")
    group.add_argument(
        "--context",
        choices=CONTEXTS,
        help="what stands behind a short clip: tail, the padding in a nutshell; full, all 30 s of it (default: tail)",
    )


def _declare_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-f",
        "--format",
        "--output-format",
        dest="formats",
        action="extend",
        type=_formats,
        metavar="FORMAT",
        help="txt, srt, vtt, json, jsonl (events as they come), tsv, lrc or csv; with --output-dir several, "
        "such as srt,json, or all (default: txt)",
    )
    group.add_argument(
        "-o",
        "--output-dir",
        type=Path,
        metavar="DIR",
        help="write a file there for each recording and format; recordings in folders keep their places",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="skip recordings whose files are in --output-dir already and are newer than they",
    )
    group.add_argument(
        "--accept-damaged",
        action="store_true",
        help="with --resume, skip also those of which something is missing (default: do them again)",
    )
    group.add_argument(
        "--max-line-width",
        type=positive,
        metavar="N",
        help="columns of a line of subtitles, such as 42 (default: a segment is a line)",
    )
    group.add_argument(
        "--max-line-count",
        type=positive,
        metavar="N",
        help="lines of subtitles at once, such as 2; longer segments are divided in time (default: no limit)",
    )


def _formats(text: str) -> list[str]:
    """Formats between commas; "all" is all of them."""
    from ..errors import OptionError
    from ..transcript.formats import FORMATS, check_format

    names = [name.strip().lower() for name in text.split(",")]
    try:
        return list(FORMATS) if ALL_FORMATS in names else [check_format(name) for name in names]
    except OptionError as error:
        raise argparse.ArgumentTypeError(f"{error}, or {ALL_FORMATS}") from error
