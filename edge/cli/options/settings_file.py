"""The option that names a settings file."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...errors import OptionError
from ..parser import Parser


def add_settings_file(parser: Parser, usual: str) -> None:
    """Declare which settings file is read; `usual` is the name of the one in the user's folder."""
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help=f"settings file (default: {usual} in the user's folder for settings)",
    )


def settings_file(args: argparse.Namespace, usual: Path) -> Path:
    """Return the settings file that is meant: the one that was named, or the usual one."""
    named: Path | None = getattr(args, "settings", None)
    return named or usual


def existing(args: argparse.Namespace, path: Path, command: str) -> Path:
    """Return the path, unless it was named and is not there.

    Raises:
        OptionError: it is not; says which command writes one.
    """
    if hasattr(args, "settings") and not path.exists():
        raise OptionError(f"{path}: there is no such settings file; `edgewise {command} setup` writes one")
    return path
