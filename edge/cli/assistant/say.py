"""`edgewise assist say`: a text, spoken by the voice of the assistant."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from ..console.bar import Console
from ..parser import Parser
from .places import add_settings_file


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.description = "Say a text with the voice of the assistant, or write it to a file."
    parser.add_argument("text", metavar="TEXT", help="what is said")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="WAV to write, in place of the loudspeaker")
    add_settings_file(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Speak."""
    from ...assist.voice import choose_voice
    from ...audio.player import need_player, play_recording, write_wav
    from ...errors import OptionError, OutputError
    from .places import wanted_settings

    options = wanted_settings(args).assist
    voice = choose_voice(options.voice, options.piper, options.piper_voice, options.language)
    if voice is None:
        raise OptionError("voice is none in the settings; expected auto, piper or espeak")
    try:
        spoken = voice.speak(args.text)
    finally:
        voice.close()
    if args.output is not None:
        write_wav(args.output, spoken.samples, spoken.rate_hz)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        if not play_recording(spoken.samples, spoken.rate_hz, Path(folder) / "said.wav"):
            raise OutputError(f"{need_player()} does not play; does `{need_player()} FILE` work?")
    return 0
