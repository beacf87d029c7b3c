"""A command that asks a few questions, tries what can be tried, and writes a settings file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from ...errors import OptionError
from ...extras import missing_of
from ..console.streams import report
from ..parser import Parser
from .questions import Questions

Settings = TypeVar("Settings")


def declare_setup(parser: Parser, epilog: str) -> None:
    """Declare what is said and asked of every such command."""
    parser.description = "Ask a few questions, try what can be tried, and write the settings file."
    parser.epilog = epilog
    parser.add_argument("--yes", action="store_true", help="take the answer that is there already for each question")


def questions_of(args: argparse.Namespace, extra: str) -> Questions:
    """Say what is not installed of what the command needs, and return its questions."""
    if missing := missing_of(extra):
        report(f"not installed: {', '.join(missing)}; pip install 'edgewise[{extra}]'")
    return Questions(asks=not args.yes and sys.stdin is not None and sys.stdin.isatty())


def usual_of(path: Path, read: Callable[[Path], Settings], first: Settings) -> Settings:
    """Return the answers that are there already: those of the file, unless it is missing or cannot be read."""
    try:
        return read(path) if path.exists() else first
    except OptionError as error:
        report(f"{error}; it is written anew")
        return first


def write_chosen(
    path: Path, write: Callable[[Path, Mapping[str, object]], Path | None], chosen: Mapping[str, object]
) -> None:
    """Write the file, and say so."""
    old = write(path, chosen)
    report(f"wrote {path}" + (f"; the one before is {old}" if old else ""))
