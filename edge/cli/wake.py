"""`edgewise wake`: wake words, ready ones and those of one's own."""

from __future__ import annotations

from collections.abc import Mapping

from .parser import Command, Parser

_EPILOG = """\
examples:
  edgewise wake list
  edgewise wake listen okay_nabu                      say it, and see when it is heard
  edgewise wake enrol "computer"                      say it five times into the microphone
  edgewise wake enrol "computer" --examples a.wav b.wav c.wav
  edgewise wake test computer evening.wav             how often is it heard in a recording
  edgewise assist --wake computer
"""

_FOLDER = "waking"
ACTIONS: Mapping[str, Command] = {
    "list": Command(f"{_FOLDER}.listed", "list the wake words that are here"),
    "listen": Command(f"{_FOLDER}.listen", "say when the microphone hears a wake word"),
    "test": Command(f"{_FOLDER}.listen", "say when recordings have a wake word in them", "declare_test"),
    "enrol": Command(f"{_FOLDER}.enrol", "make a wake word of your own out of a few examples"),
}


def declare(parser: Parser) -> None:
    """Declare the command, and its actions."""
    parser.description = "Hear wake words, and make some of your own."
    parser.epilog = _EPILOG
    parser.add_commands("actions", "ACTION", ACTIONS)
