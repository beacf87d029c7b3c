"""`edgewise transcribe`: recordings in, transcripts on standard output or in files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..transcript.options import OutputOptions
from .console.bar import Console
from .inputs import STANDARD_INPUT, Recording, find_recordings
from .options.groups import given
from .options.model import ENGINES
from .options.output import DEFAULT_FORMAT, SHOW_DOUBTS
from .options.recordings import LOCAL_CLUSTER
from .options.transcribe import add_options, given_settings
from .parser import Parser

if TYPE_CHECKING:
    from ..recognizer import Recognizer
    from ..written.segments import Scribe
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
  edgewise transcribe talk.flac --correct --show-corrections
  edgewise transcribe talk.mp3 --word-timestamps --format json > talk.json
  edgewise transcribe --demo

A folder stands for the recordings in it and in its subfolders, recognized by their suffixes; hidden ones are left
out. --resume looks at the files alone: after a change of model or options, write to another folder. Where a part of a
recording is missing, because it is damaged or speech in it gave no words, the command says so, JSON lists it, and a
file NAME.gaps.json lies beside the transcripts; --resume does such a recording again, unless --accept-damaged takes
it as it is.

The first use of a model fetches it and converts it, once; after that nothing needs the network. --model also takes
a .gguf file, or with --engine onnxruntime the folder that `edgewise export whisper ... --to onnx` writes.
Transcripts go to standard output, everything else to standard error.

exit status: 0 done, also where a part of a damaged recording is missing; 1 a recording failed altogether; 2 wrong
usage; 130 interrupted; 143 terminated
"""


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.usage = "%(prog)s [options] FILE..."
    parser.description = "Turn recordings into text: any format that soundfile reads, any rate, any channels."
    parser.epilog = _EPILOG
    add_options(parser)
    parser.set_defaults(run=run, parser=parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Transcribe what was given."""
    args.files = [*args.behind_correct, *args.files]
    args.formats = list(dict.fromkeys(args.formats or [DEFAULT_FORMAT]))
    _check(args)
    settings, options = given_settings(args), OutputOptions(**given(args, OutputOptions))
    if args.demo:
        from .demo import run_demo

        return run_demo(args, console, settings, options, in_colors=_in_colors(args))
    from .batch import Batch

    return Batch(_plan(args, options), console).run(lambda: _load(args, console), settings)


def _check(args: argparse.Namespace) -> None:
    """Refuse arguments that are at odds with each other."""
    complain = args.parser.error
    if args.demo and args.files:
        complain("--demo brings its own recording: give no FILE with it")
    if args.demo and args.output_dir is not None:
        complain("--demo prints what it hears: give no --output-dir with it")
    if args.demo and args.raw:
        complain("--demo brings its own recording: leave out --raw")
    if args.demo and args.written:
        complain("--demo shows what the model hears: leave out --written")
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
    if args.cluster is not None and args.output_dir is None:
        complain("--cluster has its workers write files: give --output-dir")
    if args.cluster is not None and STANDARD_INPUT in args.files:
        complain("--cluster reads files that its workers can open: leave out -")
    if args.accept_damaged and not args.resume:
        complain("--accept-damaged is about what --resume does again: give --resume with it")
    if hasattr(args, "max_line_count") and not hasattr(args, "max_line_width"):
        complain("--max-line-count alone changes nothing: give --max-line-width with it, such as 42")
    if args.strength is None and (
        args.show_corrections or hasattr(args, "correct_budget") or hasattr(args, "llm_engine")
    ):
        complain(
            "--show-corrections, --correct-budget and --llm-engine are about corrections: give --correct with them"
        )
    if args.confidence and not SHOW_DOUBTS.intersection(args.formats):
        complain(f"--confidence shows in txt, json and jsonl, not in {', '.join(args.formats)}")


def _plan(args: argparse.Namespace, options: OutputOptions) -> Plan:
    """Plan what to transcribe and where it goes."""
    from .batch import Cluster, Plan

    recordings, barren = find_recordings(args.files)
    cluster = None if args.cluster is None else Cluster(args.cluster, _of_workers(args))
    return Plan(
        recordings,
        barren,
        args.formats,
        _places(args, recordings),
        args.resume,
        args.accept_damaged,
        options,
        args.timing,
        _in_colors(args),
        _scribe(args),
        args.show_corrections,
        _n_jobs(args),
        cluster,
    )


def _of_workers(args: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of `edge.load` for the workers of a cluster; those of this machine have a thread each."""
    threads = args.threads or (1 if args.cluster == LOCAL_CLUSTER else None)
    name = str(Path(args.model).absolute()) if Path(args.model).exists() else args.model
    return {
        "model": name,
        "precision": args.precision,
        "engine": args.engine,
        "threads": threads,
        "offline": args.offline or None,
    }


def _n_jobs(args: argparse.Namespace) -> int | None:
    """Tell how many recordings to read at a time; None leaves it to the model, or is all workers of a cluster.

    Those that are read together take longer each, which times would show, and which budgets have no room for; and what
    is read in parallel is several already.
    """
    is_alone = args.timing or hasattr(args, "correct_budget") or hasattr(args, "parallel")
    return 1 if args.jobs is None and args.cluster is None and is_alone else args.jobs


def _scribe(args: argparse.Namespace) -> Scribe | None:
    """Prepare the rules of --written, if they are asked for."""
    if not args.written:
        return None
    from ..written.segments import Scribe

    return Scribe()


def _places(args: argparse.Namespace, recordings: Sequence[Recording]) -> dict[str, Place] | None:
    """Choose where files go, in a folder that is made for them; None prints."""
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


def _in_colors(args: argparse.Namespace) -> bool:
    """Tell whether printed text shows how sure each word is."""
    from .console.colors import shows_colors

    shows = args.confidence and args.formats == ["txt"] and args.output_dir is None
    return shows and shows_colors(sys.stdout)


def _load(args: argparse.Namespace, console: Console) -> Recognizer:
    from .. import load

    model: Recognizer = load(
        args.model,
        kind="speech",
        precision=args.precision,
        engine=args.engine,
        threads=args.threads,
        offline=args.offline or None,
        progress=console.progress,
    )
    return model
