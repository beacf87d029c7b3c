"""The settings file of a command."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..parser import Parser

if TYPE_CHECKING:
    from ...assist.settings import AssistSettings


def add_settings_file(parser: Parser) -> None:
    """Declare which settings file is read."""
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="settings file (default: assist.toml in the user's folder for settings)",
    )


def settings_file(args: argparse.Namespace) -> Path:
    """Return the settings file that is meant."""
    from ...assist.places import settings_path

    named: Path | None = getattr(args, "settings", None)
    return named or settings_path()


def wanted_settings(args: argparse.Namespace) -> AssistSettings:
    """Read the settings, and let what was given on the command line override them; OptionError if that cannot be."""
    from ...assist.options import AssistOptions
    from ...assist.settings import read_settings
    from ...errors import OptionError
    from ...settings import keywords_from, settings_of

    path = settings_file(args)
    if hasattr(args, "settings") and not path.exists():
        raise OptionError(f"{path}: there is no such settings file; `edgewise assist setup` writes one")
    settings = read_settings(path)
    given = {name: getattr(args, name) for name in settings_of(AssistOptions) if hasattr(args, name)}
    return replace(settings, assist=replace(settings.assist, **keywords_from(AssistOptions, given)))
