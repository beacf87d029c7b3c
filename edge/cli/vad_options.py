"""The arguments about speech detection, of every command that transcribes."""

from __future__ import annotations

import argparse
from typing import Any

_FIELDS = {
    "threshold": (float, "P", "a moment whose probability of speech is at least this is speech (default: 0.5)"),
    "neg_threshold": (float, "P", "speech ends where the probability falls below this (default: 0.15 less)"),
    "min_speech_ms": (int, "MS", "shorter speech is none (default: 0)"),
    "max_speech_s": (float, "S", "longer speech is cut (default: 30)"),
    "min_silence_ms": (int, "MS", "shorter pauses belong to the speech around them (default: 500)"),
    "speech_pad_ms": (int, "MS", "taken in before and after speech (default: 400)"),
}


def declare_vad(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    group = parser.add_argument_group("speech detection")
    group.add_argument(
        "--vad",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="look for speech first and transcribe only that; --no-vad never listens for it (default: where a text is "
        "in doubt)",
    )
    for field, (kind, metavar, help_text) in _FIELDS.items():
        group.add_argument(f"--vad-{field.replace('_', '-')}", type=kind, metavar=metavar, help=help_text)


def vad_settings(args: argparse.Namespace) -> dict[str, Any]:
    """What the arguments ask for, as keywords of `Model.transcribe`; an OptionError where one is out of range."""
    settings: dict[str, Any] = {} if args.vad is None else {"vad": args.vad}
    given = {field: getattr(args, f"vad_{field}") for field in _FIELDS}
    fields = {field: value for field, value in given.items() if value is not None}
    if fields:
        from ..listen.vad.options import VadOptions

        settings["vad_options"] = VadOptions(**fields)
    return settings
