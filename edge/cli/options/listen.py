"""The options of `edgewise listen`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...live.options import ENDPOINTS, LiveOptions
from ...options import TranscribeOptions
from ...transcript.options import OutputOptions
from ..parser import Parser
from .correction import add_correction, given_correction
from .groups import add_settings, given
from .model import add_model, add_offline, add_precision, add_threads
from .output import one_format
from .profile import add_profile
from .vocabulary import add_vocabulary, given_words

_COMMON = "common options"
_LANGUAGE = ("languages", "task")


def add_options(parser: Parser) -> None:
    """Declare arguments and options."""
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="recording or named pipe to listen to in place of a microphone; - is standard input",
    )
    parser.add_argument("--devices", action="store_true", help="list the microphones, and end")
    common = parser.group(_COMMON)
    add_model(common)
    add_settings(parser, _COMMON, TranscribeOptions, ["language"])
    _add_places(common)
    _add_microphone(common)
    _add_live(parser, "live")
    model = parser.group("model")
    add_precision(model)
    add_threads(model)
    add_offline(model)
    add_profile(parser, "model")
    parser.group("recordings").add_argument(
        "--raw", action="store_true", help="take what comes as raw 16 kHz 16-bit mono PCM, whatever it looks like"
    )
    add_settings(parser, "language", TranscribeOptions, _LANGUAGE)
    add_vocabulary(parser, "vocabulary")
    add_correction(parser, "correction", shows=False)
    add_settings(parser, "output", TranscribeOptions, ["word_timestamps"])
    add_settings(parser, "output", OutputOptions)


def _add_places(group: argparse._ArgumentGroup) -> None:
    """Declare where words and sound go."""
    group.add_argument(
        "-f",
        "--format",
        type=one_format,
        metavar="FORMAT",
        help="txt, srt, vtt, jsonl (every event as it comes), tsv, lrc, csv, or json at the end (default: the one that "
        "the suffix of --output names, or txt)",
    )
    group.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="file that grows with each text that is final (default: standard output)",
    )
    group.add_argument("--save", type=Path, metavar="FILE", help="WAV of what is heard, written while it is heard")
    group.add_argument(
        "--journal",
        type=Path,
        metavar="DIR",
        help="folder in which what is spoken is kept until its words are written, should the power fail",
    )


def _add_microphone(group: argparse._ArgumentGroup) -> None:
    """Declare which microphone, and when it is listened to."""
    group.add_argument(
        "--device",
        type=wanted_device,
        metavar="NAME",
        help="microphone, by number, or by name or a part of it (default: the system's)",
    )
    group.add_argument(
        "--push-to-talk",
        action="store_true",
        help="hear what is said between two presses of Enter or the space bar, which is final with the second one",
    )


def _add_live(parser: Parser, title: str) -> None:
    """Declare when text is final, and when it is stable."""
    add_settings(parser, title, LiveOptions, ["endpoint"])
    parser.describe(next(action for action in parser._actions if action.dest == "endpoint"), _endpoint_help)
    parser.group(title).add_argument(
        "--final-model", metavar="NAME", help="model that reads what is final; --model then reads what comes before"
    )
    add_settings(parser, title, LiveOptions, but="trim")


def _endpoint_help() -> str:
    names = ", ".join(f"{name} ({seconds:g})" for name, seconds in ENDPOINTS.items())
    return (
        f"seconds of silence after which what was said is final, or a name: {names}; none waits for the end of the "
        f"sound (default: {LiveOptions().endpoint:g} for a microphone, none for a FILE)"
    )


def given_settings(args: argparse.Namespace) -> dict[str, Any]:
    """Return what was asked for as keyword arguments of `Recognizer.session`, without those that are live.

    Raises:
        OptionError: it cannot be, which is said before a model is loaded.
    """
    settings = given(args, TranscribeOptions) | given_words(args) | given_correction(args)
    TranscribeOptions(**settings)
    return settings


def given_live(args: argparse.Namespace) -> dict[str, Any]:
    """Return the live settings, the endpoint among them.

    Raises:
        OptionError: one is out of range.
    """
    endpoint = LiveOptions().endpoint if args.file is None else None
    if hasattr(args, "endpoint"):
        endpoint = LiveOptions(endpoint=args.endpoint).endpoint
    how = {"endpoint": None, "trim": True} if args.push_to_talk else {"endpoint": endpoint}
    return given(args, LiveOptions) | how


def wanted_device(text: str) -> str | int:
    """Read a device: its number, or its name or a part of it."""
    return int(text) if text.isdecimal() else text
