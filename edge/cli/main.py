"""The entry point: arguments to a subcommand, exceptions to one line and an exit status."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from collections.abc import Sequence

from .. import __version__
from . import doctor, export, inspect, models, transcribe
from .console import Console, ConsoleHandler
from .failures import explain, is_debugging

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""128 + SIGPIPE, what a shell reports for a program whose reader went away."""

_EPILOG = """\
examples:
  edgewise transcribe --demo                       try it: fetches a model and a clip once
  edgewise transcribe talk.mp3                     print the words
  edgewise transcribe *.wav --format srt --output-dir subtitles
  ffmpeg -i film.mkv -f wav - | edgewise transcribe -
  edgewise models list                             what there is, and what is here
  edgewise export whisper my-checkpoint/ -o my.gguf --precision int8

environment:
  EDGEWISE_HOME      where models are kept (default: the platform's cache folder)
  EDGEWISE_OFFLINE   1 forbids the network
  EDGEWISE_ASSETS    folders that hold models already, for machines without a network
  EDGE_CPU           force a kernel level; `edgewise doctor` shows them
  EDGEWISE_DEBUG     1 shows tracebacks and details

exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status; never raises for what a user can cause."""
    if argv is not None:
        return _main(argv)
    # The process is the command's own. BLAS, which has next to nothing to do here, would start threads of its own with
    # numpy, and they spin for a while, on processors that the kernels want.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        return _main(sys.argv[1:])
    finally:
        gc.freeze()  # or the interpreter looks through every module for garbage before it ends, which takes 10 ms


def _main(argv: Sequence[str]) -> int:
    parser = build_parser()
    try:
        args = parser.parse_args(argv)
    except SystemExit as leaving:  # argparse has printed its help or its complaint
        return leaving.code if isinstance(leaving.code, int) else EXIT_USAGE
    console = Console()
    handler = ConsoleHandler(console)
    logger = logging.getLogger("edge")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if is_debugging() else logging.WARNING)
    try:
        return _run(args, console)
    finally:
        console.clear()
        logger.removeHandler(handler)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="edgewise",
        description="Speech to text on your own CPU; nothing leaves the machine.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"edgewise {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (transcribe, models, export, inspect, doctor):
        module.add_parser(commands)
    return parser


def _run(args: argparse.Namespace, console: Console) -> int:
    try:
        status: int = args.run(args, console)
        sys.stdout.flush()
    except SystemExit as leaving:  # a subcommand found its arguments at odds
        return leaving.code if isinstance(leaving.code, int) else EXIT_USAGE
    except KeyboardInterrupt:
        console.say("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return EXIT_BROKEN_PIPE
    except Exception as error:
        if is_debugging():
            raise
        console.say(explain(error))
        return EXIT_FAILURE
    return status


def _silence_stdout() -> None:
    """Point standard output at nothing, or the interpreter complains about the broken pipe when it ends."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        return  # a standard output without a descriptor has nothing to flush
