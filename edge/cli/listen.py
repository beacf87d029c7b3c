"""`edgewise listen`: live sound in, words out while they are said."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ..transcript.options import OutputOptions
from .console.bar import Console
from .live.keys import has_keys
from .options.groups import given
from .options.listen import add_options, given_live, given_settings
from .options.output import DEFAULT_FORMAT
from .parser import Parser

_EPILOG = """\
examples:
  edgewise listen
  edgewise listen --device "USB Mic" --endpoint relaxed --save talk.wav -o talk.srt
  edgewise listen --push-to-talk --final-model base
  edgewise listen --format jsonl --journal ~/spoken
  arecord -f S16_LE -r 16000 | edgewise listen - --endpoint quick
  ffmpeg -i rtsp://camera -f wav - | edgewise listen - -o captions.vtt
  edgewise listen - --format jsonl < clip.wav
  edgewise listen talk.mp3 --endpoint 0.5
  edgewise listen --correct --correct-budget 200ms

Text has three grades. On a terminal what may still change is dim, what is stable is not, and what is final has lines
of its own; --format jsonl has them all as events: speech, partial, stable, final, silence, gap, end. Anywhere else
comes what is final, a line or a cue at once.

Of a pipe or a file nothing is final before its end, or the end of 30 s, and the text is that of `edgewise transcribe`;
with --endpoint it is final in each pause. A pipe is read as fast as it comes: WAV at any rate, or with --raw 16 kHz
16-bit mono PCM.

Ctrl-C ends it, and what was said by then is final; a second one ends it at once.

exit status: 0 done, also by Ctrl-C; 1 failed, or a file could not be written whole; 2 wrong usage
"""


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.usage = "%(prog)s [options] [FILE]"
    parser.description = "Turn sound into text while it is heard: a microphone, or what comes through a pipe."
    parser.epilog = _EPILOG
    add_options(parser)
    parser.set_defaults(run=run, parser=parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Listen until the sound ends, or the end is asked for."""
    if args.devices:
        return _list_devices()
    if args.file is None and args.behind_correct:
        args.file = args.behind_correct.pop()
    _check(args)
    settings, live = given_settings(args), given_live(args)
    format = args.format or _format_of(args.output) or DEFAULT_FORMAT
    shows = _shows(args.output, format)
    from .live.listening import Listening, Output, Wanted  # these take numpy, which no complaint needs
    from .live.microphone import MicrophoneSource
    from .live.sources import RecordedSource

    options = OutputOptions(**given(args, OutputOptions))
    listening = Listening(
        Output(format, options, args.output, shows, args.save, args.journal), console, pushes=args.push_to_talk
    )
    wanted = Wanted(args.model, args.final_model, args.precision, args.threads, args.offline or None, settings, live)
    if args.file is None:
        listening.run(MicrophoneSource(args.device, listening.opened, listening.noticed), wanted)
    else:
        listening.run(RecordedSource(args.file, raw=args.raw), wanted)
    return 0


def _list_devices() -> int:
    from ..audio.microphone import devices
    from .console.streams import report

    report("\n".join(map(str, devices())) or "no microphones are here")
    return 0


def _check(args: argparse.Namespace) -> None:
    """Refuse arguments that are at odds with each other."""
    complain = args.parser.error
    if args.file is not None and args.device is not None:
        complain("--device is a microphone: give no FILE with it")
    if args.file is not None and args.push_to_talk:
        complain("--push-to-talk is for a microphone: give no FILE with it")
    if args.file is None and args.raw:
        complain("--raw is about a FILE: give one, or - for standard input")
    if args.push_to_talk and hasattr(args, "endpoint"):
        complain("--push-to-talk ends an utterance with a key: give no --endpoint with it")
    if args.push_to_talk and not has_keys():
        complain("--push-to-talk needs a keyboard: standard input is no terminal")
    if hasattr(args, "max_line_count") and not hasattr(args, "max_line_width"):
        complain("--max-line-count alone changes nothing: give --max-line-width with it, such as 42")
    if args.behind_correct:
        complain(f"--correct is {args.behind_correct[0]!r}; expected safe, most or nothing")
    if args.strength is None and (hasattr(args, "correct_budget") or hasattr(args, "llm_engine")):
        complain("--correct-budget and --llm-engine are about corrections: give --correct with them")


def _format_of(path: Path | None) -> str | None:
    """Return the format that the suffix of a file names."""
    from ..transcript.formats import format_of

    return None if path is None else format_of(path)


def _shows(output: Path | None, format: str) -> bool:
    """Whether live text is shown on a terminal: where standard output is one, and gets nothing else."""
    from .console.streams import standard_output

    if output is None:
        standard_output()  # where it is closed, better now than after the work
    is_free = output is not None or format == DEFAULT_FORMAT
    return is_free and sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
