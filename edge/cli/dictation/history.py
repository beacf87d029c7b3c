"""`edgewise dictate history`: find what was dictated, or forget it."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from ..console.bar import Console, one_line
from ..console.streams import put, report
from ..parser import Parser
from .places import add_settings_file, wanted_settings

if TYPE_CHECKING:
    from ...dictate.history import Entry

_SHOWN = 20


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.description = "Show what was dictated, the newest last, or find words in it."
    parser.add_argument("words", nargs="*", metavar="WORD", help="words that the text has, in this order")
    parser.add_argument("--number", type=int, metavar="N", help="print this text alone, as it was written")
    parser.add_argument("--all", action="store_true", help=f"show more than the newest {_SHOWN}")
    parser.add_argument("--clear", action="store_true", help="forget all texts")
    add_settings_file(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Show texts."""
    from ...dictate.history import History
    from ...dictate.places import history_path

    history = History(history_path(), wanted_settings(args).dictate.history_days)
    if args.clear:
        report(f"{history.clear()} texts are forgotten")
        return 0
    if args.number is not None:
        entry = history.get(args.number)
        if entry is None:
            console.say(f"the history has no number {args.number}")
            return 1
        put(f"{entry.text}\n")
        return 0
    history.forget()
    found = history.find(" ".join(args.words), most=-1 if args.all else _SHOWN)
    for entry in found:
        report(_line(entry))
    if not found:
        console.say("no text has these words" if args.words else "the history is empty")
    return 0


def _line(entry: Entry) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.at_s))
    where = entry.application or "-"
    return f"{entry.number:>5}  {when}  {entry.fate:<10}  {where:<12}  {one_line(entry.text)}"
