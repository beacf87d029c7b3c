"""The settings file of a command."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..parser import Parser

if TYPE_CHECKING:
    from ...dictate.settings import DictateSettings


def add_settings_file(parser: Parser) -> None:
    """Declare which settings file is read."""
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="settings file (default: dictate.toml in the user's folder for settings)",
    )


def settings_file(args: argparse.Namespace) -> Path:
    """Return the settings file that is meant."""
    from ...dictate.places import settings_path

    named: Path | None = getattr(args, "settings", None)
    return named or settings_path()


def wanted_settings(args: argparse.Namespace) -> DictateSettings:
    """Read the settings; OptionError if they cannot be."""
    from ...dictate.settings import read_settings
    from ...errors import OptionError

    path = settings_file(args)
    if hasattr(args, "settings") and not path.exists():
        raise OptionError(f"{path}: there is no such settings file; `edgewise dictate setup` writes one")
    return read_settings(path)
