"""The arguments about speech detection, of every command that transcribes."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..vad import VadOptions

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
    """The fields of `TranscribeOptions` that the arguments ask for; an OptionError where one is out of range."""
    return {"vad": "auto" if args.vad is None else args.vad, "vad_options": _vad_options(args)}


def _vad_options(args: argparse.Namespace) -> VadOptions:
    from ..vad.options import VadOptions

    given = {field: getattr(args, f"vad_{field}") for field in _FIELDS}
    return VadOptions(**{field: value for field, value in given.items() if value is not None})
