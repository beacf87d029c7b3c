"""`edgewise transcribe`: recordings in, transcripts on standard output or in files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .arguments import HELP, Subcommands
from .console.bar import Console
from .decoding import decoding_settings
from .inputs import STANDARD_INPUT, Recording, find_recordings
from .transcribe_options import DEFAULT_FORMAT, ENGINES, SHOW_DOUBTS, declare, reading_settings
from .vad_options import vad_settings

if TYPE_CHECKING:
    from ..recognizer import Recognizer
    from .batch import Plan
    from .console.places import Place

_EPILOG = """\
examples:
  edgewise transcribe talk.mp3
  edgewise transcribe talk.mp3 --format srt > talk.srt
  edgewise transcribe talk.mp3 --format srt,json --max-line-width 42 --max-line-count 2 --output-dir subtitles
  edgewise transcribe recordings/ --output-dir transcripts --resume
  edgewise transcribe 'recordings/**/*.flac' --format jsonl
  edgewise transcribe gespräch.ogg --model base --language de
  edgewise transcribe call.wav --model base --languages en,de --beam-size 5
  edgewise transcribe talk.mp3 --n-best 5 --format json
  arecord -f S16_LE -r 16000 -d 10 | edgewise transcribe -
  edgewise transcribe meeting.wav --vocabulary names.txt
  edgewise transcribe talk.mp3 --confidence
  edgewise transcribe talk.mp3 --word-timestamps --format json > talk.json
  edgewise transcribe --demo

A folder stands for the recordings in it and in its subfolders, told by their suffixes; hidden ones are left out.
--resume looks at the files alone: after a change of model or options, write to another folder. Where something is
missing of a recording, because it is damaged or no words were found in speech, that is said, stands in JSON, and lies
in NAME.gaps.json beside the files; --resume does it again, unless --accept-damaged takes it as it is.

The first use of a model fetches it and converts it, once; after that nothing needs the network.
--model also takes a .gguf file, or with --engine onnxruntime the folder that `edgewise export --to onnx` writes.
Transcripts go to standard output, everything else to standard error.
"""


def add_parser(commands: Subcommands) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "transcribe",
        help="turn recordings into text",
        description="Turn recordings into text: any format that soundfile reads, any rate, any channels.",
        epilog=_EPILOG,
        formatter_class=HELP,
    )
    declare(parser)
    parser.set_defaults(run=_run, parser=parser)


def _run(args: argparse.Namespace, console: Console) -> int:
    args.formats = list(dict.fromkeys(args.formats or [DEFAULT_FORMAT]))
    _check(args)
    settings = {**decoding_settings(args), **vad_settings(args), **reading_settings(args)}
    if args.demo:
        from .demo import run_demo

        return run_demo(args, console, settings, in_colours=_in_colours(args))
    from .batch import Batch

    return Batch(_plan(args), console).run(lambda: _load(args, console), settings)


def _check(args: argparse.Namespace) -> None:
    """Refuse arguments that are at odds with each other."""
    complain = args.parser.error
    if args.demo and args.files:
        complain("--demo brings its own recording: give no FILE with it")
    if args.demo and args.output_dir is not None:
        complain("--demo prints what it hears: give no --output-dir with it")
    if args.demo and args.raw:
        complain("--demo brings its own recording: leave out --raw")
    if args.demo and args.engine != ENGINES[0]:
        complain(f"--demo shows edgewise's own engine: leave out --engine {args.engine}")
    if not args.demo and not args.files:
        complain("no FILE given (try --demo, or - for standard input)")
    if args.files.count(STANDARD_INPUT) > 1:
        complain("standard input (-) can be read only once")
    if args.output_dir is None and len(args.formats) > 1:
        complain(f"several formats ({', '.join(args.formats)}) need --output-dir: standard output takes one")
    if args.output_dir is None and args.resume:
        complain("--resume looks for finished files in --output-dir: give it")
    if args.accept_damaged and not args.resume:
        complain("--accept-damaged is about what --resume does again: give --resume with it")
    if args.max_line_count is not None and args.max_line_width is None:
        complain("--max-line-count alone changes nothing: give --max-line-width with it, such as 42")
    if args.confidence and not SHOW_DOUBTS.intersection(args.formats):
        complain(f"--confidence shows in txt, json and jsonl, not in {', '.join(args.formats)}")


def _plan(args: argparse.Namespace) -> Plan:
    """What to transcribe and where it goes."""
    from ..transcript.options import OutputOptions
    from .batch import Plan

    recordings, barren = find_recordings(args.files)
    return Plan(
        recordings,
        barren,
        args.formats,
        _places(args, recordings),
        args.resume,
        args.accept_damaged,
        OutputOptions(args.max_line_width, args.max_line_count),
        args.timing,
        _in_colours(args),
    )


def _places(args: argparse.Namespace, recordings: Sequence[Recording]) -> dict[str, Place] | None:
    """Where files go, in a folder that is made for them; None prints."""
    from ..errors import OptionError
    from .console.places import place, prepare
    from .console.streams import standard_output

    if args.output_dir is None:
        standard_output()  # where it is closed, better now than after the work
        return None
    try:
        places = place(recordings, args.formats, args.output_dir)
    except OptionError as error:
        args.parser.error(str(error))
    prepare(args.output_dir, places.values())
    return places


def _in_colours(args: argparse.Namespace) -> bool:
    """Whether printed text shows how sure each word is."""
    from .console.colours import shows_colours

    shows = args.confidence and args.formats == ["txt"] and args.output_dir is None
    return shows and shows_colours(sys.stdout)


def _load(args: argparse.Namespace, console: Console) -> Recognizer:
    from .. import load

    return load(
        args.model,
        precision=args.precision,
        engine=args.engine,
        threads=args.threads,
        offline=args.offline or None,
        progress=console.progress,
    )
