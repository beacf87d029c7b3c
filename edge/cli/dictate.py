"""`edgewise dictate`: hold a key, speak, and the words are where the cursor is."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from .console.bar import Console
from .dictation.places import add_settings_file
from .options.groups import add_settings
from .options.model import add_offline
from .parser import Command, Parser

_EPILOG = """\
examples:
  edgewise dictate setup                      a few questions, and a settings file
  edgewise dictate                            hold F9 and speak; Ctrl-C ends
  edgewise dictate --key "right ctrl" --mode hold --model base
  edgewise dictate --print --endpoint 0.7     each text on standard output, for scripts
  edgewise dictate toggle                     what a key binding of a compositor calls
  edgewise dictate doctor                     what works here
  edgewise dictate history invoice            find what was said

While it runs, `edgewise dictate start`, stop, toggle, cancel, status, undo, again and copy talk to it.
"""

_FOLDER = "dictation"
ACTIONS: Mapping[str, Command] = {
    "start": Command(f"{_FOLDER}.control", "begin to dictate", "declare_start"),
    "stop": Command(f"{_FOLDER}.control", "end what is being said, and write it", "declare_stop"),
    "toggle": Command(f"{_FOLDER}.control", "begin, or end", "declare_toggle"),
    "cancel": Command(f"{_FOLDER}.control", "give up what is being said", "declare_cancel"),
    "status": Command(f"{_FOLDER}.control", "say what the dictation that runs does", "declare_status"),
    "undo": Command(f"{_FOLDER}.control", "delete what was typed last", "declare_undo"),
    "again": Command(f"{_FOLDER}.control", "type the newest text again", "declare_again"),
    "copy": Command(f"{_FOLDER}.control", "put a text of the history into the clipboard", "declare_copy"),
    "setup": Command(f"{_FOLDER}.setup", "ask a few questions, and write the settings"),
    "doctor": Command(f"{_FOLDER}.doctor", "try out what works here"),
    "history": Command(f"{_FOLDER}.history", "show or find what was dictated"),
}
GROUPS = ("keys", "microphone", "model", "text", "kept")


def declare(parser: Parser) -> None:
    """Declare the command, and the commands that talk to the one that runs."""
    from ..dictate.options import DictateOptions

    parser.usage = "%(prog)s [options] [ACTION ...]"
    parser.description = (
        "Hold a key, speak, and the words are where the cursor is. Without an action it runs until it is ended."
    )
    parser.epilog = _EPILOG
    parser.add_commands("actions", "ACTION", ACTIONS, required=False)
    parser.group("text").add_argument(
        "--print",
        dest="prints",
        action="store_true",
        help="write each text to standard output, a line each, and type nothing",
    )
    for group in GROUPS:
        add_settings(parser, group, DictateOptions)
    add_offline(parser.group("model"))
    add_settings_file(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Run until the end is asked for."""
    from .dictation.daemon import Daemon

    Daemon(args, console).run()
    return 0
