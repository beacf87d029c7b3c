"""How words are corrected, and whether what was corrected is shown."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ...correct.settings import STRENGTHS
from ...options import TranscribeOptions
from ...settings import settings_of
from ..parser import Parser
from .groups import add_settings

_DEFAULT = STRENGTHS[0]


class _Correct(argparse.Action):
    """Takes a strength, or none; a recording that follows `--correct` is a recording."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Keep the strength, and what is none."""
        is_strength = values in STRENGTHS
        namespace.strength = values if is_strength else _DEFAULT
        if not is_strength and values is not None:
            namespace.behind_correct = [values]


def add_correction(parser: Parser, title: str, *, shows: bool = True) -> None:
    """Declare the correction, and if it `shows` what was corrected, the option for that."""
    group = parser.group(
        title,
        "A second model, fetched on first use, judges words that are in doubt, and so does a language\n"
        "model where `edgewise models pull smollm2-135m` has brought it. Numbers, spelled letters,\n"
        "negations and the words of --vocabulary are never changed. English only.",
    )
    correct = group.add_argument(
        "--correct",
        dest="strength",
        action=_Correct,
        nargs="?",
        metavar="|".join(STRENGTHS),
    )
    parser.describe(correct, _help)
    parser.set_defaults(behind_correct=[])
    add_settings(parser, title, TranscribeOptions, but="correct")
    if shows:
        group.add_argument(
            "--show-corrections",
            action="store_true",
            help="say on standard error what was corrected, and what spoke for it",
        )


def _help() -> str:
    """Describe the correction as the table of settings does; made only where help is shown."""
    summary = settings_of(TranscribeOptions)["correct"].summary
    return f"{summary} ({_DEFAULT} where neither is said; JSON keeps the text as it was read)"


def given_correction(args: argparse.Namespace) -> dict[str, str]:
    """Return the strength as a keyword argument, if a correction was asked for."""
    return {} if args.strength is None else {"correct": args.strength}
