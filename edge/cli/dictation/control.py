"""Commands that talk to the dictation that runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ..console.bar import Console
from ..console.streams import report
from ..parser import Parser

_ERROR = "error: "


def _declared(command: str, description: str, *, takes_number: bool = False) -> Callable[[Parser], None]:
    def declare(parser: Parser) -> None:
        parser.description = description
        if takes_number:
            parser.add_argument(
                "number", nargs="?", type=int, metavar="NUMBER", help="number in the history (default: the newest)"
            )
        parser.set_defaults(run=_run, command=command)

    return declare


declare_start = _declared("start", "Begin to dictate, as the key does; for the key bindings of a compositor.")
declare_stop = _declared("stop", "End what is being said, and write it.")
declare_toggle = _declared("toggle", "Begin to dictate, or end what is being said.")
declare_cancel = _declared("cancel", "Give up what is being said.")
declare_status = _declared("status", "Say what the dictation that runs does.")
declare_undo = _declared("undo", "Delete what was typed last, if the cursor is still behind it.")
declare_again = _declared("again", "Type the newest text of the history where the cursor is.")
declare_copy = _declared("copy", "Put a text of the history into the clipboard.", takes_number=True)


def _run(args: argparse.Namespace, console: Console) -> int:
    """Ask, and show the answer."""
    from ...desktop.control import ask
    from ...desktop.gestures import Command

    number = getattr(args, "number", None)
    answer = ask(Command(args.command), detail="" if number is None else str(number))
    if answer.startswith(_ERROR):
        console.say(answer.removeprefix(_ERROR))
        return 1
    report(answer)
    return 0
