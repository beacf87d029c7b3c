"""Where transcripts go, and in which formats."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...errors import OptionError
from ...transcript.options import OutputOptions
from ..parser import Parser
from .groups import add_settings

DEFAULT_FORMAT = "txt"
_ALL = "all"

SHOW_DOUBTS = frozenset({"txt", "json", "jsonl"})
"""Formats in which the probabilities of words are to be seen; in txt as colors."""


def add_places(group: argparse._ArgumentGroup) -> None:
    """Declare the formats and the folder."""
    group.add_argument(
        "-f",
        "--format",
        "--output-format",
        dest="formats",
        action="extend",
        type=_formats,
        metavar="FORMAT",
        help="txt, srt, vtt, json, jsonl (events as they come), tsv, lrc or csv; with --output-dir several, such as "
        f"srt,json, or {_ALL} (default: {DEFAULT_FORMAT})",
    )
    group.add_argument(
        "-o",
        "--output-dir",
        type=Path,
        metavar="DIR",
        help="folder in which a file is written for each recording and format; recordings in folders keep their places",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="skip recordings whose files are in --output-dir already, and are newer than the recording",
    )


def add_output(parser: Parser, title: str) -> None:
    """Declare what is rarely asked for."""
    group = parser.group(title)
    add_settings(parser, title, OutputOptions)
    group.add_argument(
        "--written",
        action="store_true",
        help="write numbers, times, dates and money in figures and leave out um and uh, in English, German, French and "
        'Spanish; JSON keeps the original of each segment (needs the extra "edgewise[written]")',
    )
    group.add_argument(
        "--accept-damaged",
        action="store_true",
        help="with --resume, skip also recordings of whose files something is missing (default: do them again)",
    )
    group.add_argument("--timing", action="store_true", help="say on standard error where the time went")


def one_format(text: str) -> str:
    """Read the name of one format."""
    from ...transcript.formats import check_format

    try:
        return check_format(text.strip().lower())
    except OptionError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _formats(text: str) -> list[str]:
    """Read formats between commas; "all" is all of them."""
    from ...transcript.formats import FORMATS, check_format

    names = [name.strip().lower() for name in text.split(",")]
    try:
        return list(FORMATS) if _ALL in names else [check_format(name) for name in names]
    except OptionError as error:
        raise argparse.ArgumentTypeError(f"{error}, or {_ALL}") from error
