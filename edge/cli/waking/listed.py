"""`edgewise wake list`: the wake words that are here."""

from __future__ import annotations

import argparse

from ..console.bar import Console
from ..console.streams import report
from ..parser import Parser


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.description = "List the wake words that are here: ready ones, and those that `edgewise wake enrol` made."
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """List them."""
    from ...assist.places import words_folder
    from ...wake.choose import own_words
    from ...wake.ready import PHRASES

    for name in PHRASES:
        report(f"{name:<16} ready")
    for name in own_words(words_folder()):
        report(f"{name:<16} your own")
    return 0
