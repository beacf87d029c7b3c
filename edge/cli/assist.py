"""`edgewise assist`: a wake word, a command, something done, and a spoken answer."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from .assistant.places import add_settings_file
from .console.bar import Console
from .options.groups import add_settings
from .options.model import add_offline
from .parser import Command, Parser

_EPILOG = """\
examples:
  edgewise assist setup                         a few questions, and a settings file
  edgewise assist                               say "okay nabu, what time is it"; Ctrl-C ends
  edgewise assist --wake hey_jarvis --follow-up 5
  edgewise assist --sentences homeassistant --ha-url http://homeassistant.local:8123 --ha-token TOKEN
  edgewise assist ask "set a timer for five minutes"    what is understood, and what would be answered

It tells the time and the date, sets timers and the volume, runs programs of yours, and hands on what else it hears to
Home Assistant, to a hook or to an MQTT broker. An answer stops when somebody speaks into it.
"""

_FOLDER = "assistant"
ACTIONS: Mapping[str, Command] = {
    "setup": Command(f"{_FOLDER}.setup", "ask a few questions, and write the settings"),
    "ask": Command(f"{_FOLDER}.ask", "say what a text is understood as, and do it with --act"),
    "satellite": Command(f"{_FOLDER}.satellite", "be a microphone and a loudspeaker of Home Assistant's"),
    "say": Command(f"{_FOLDER}.say", "say a text with the voice of the assistant"),
}
GROUPS = ("wake", "microphone", "model", "voice", "actions", "home_assistant", "mqtt")


def declare(parser: Parser) -> None:
    """Declare the command, and its actions."""
    from ..assist.options import AssistOptions

    parser.usage = "%(prog)s [options] [ACTION ...]"
    parser.description = "Wait for a wake word, do what is said after it, and answer. It runs until it is ended."
    parser.epilog = _EPILOG
    parser.add_commands("actions", "ACTION", ACTIONS, required=False)
    for group in GROUPS:
        add_settings(parser, group, AssistOptions)
    add_offline(parser.group("model"))
    add_settings_file(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Run until the end is asked for."""
    from .assistant.daemon import run as run_daemon

    return run_daemon(args, console)
