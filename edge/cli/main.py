"""The entry point: arguments to a subcommand, exceptions to one line and an exit status."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence

from ..debugging import is_debugging
from ..version import __version__
from . import stops
from .commands import COMMANDS
from .console import streams
from .console.bar import Console, ConsoleHandler
from .failures import explain
from .parser import EXIT_USAGE, Parser

EXIT_FAILURE = 1
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
EXIT_BROKEN_PIPE = 141
"""Status that a shell reports for a program whose reader went away: 128 + SIGPIPE."""

_EPILOG = """\
examples:
  edgewise transcribe --demo               try it: fetches a model and a clip
  edgewise transcribe *.mp3 -f srt -o out  write subtitles of each recording
`edgewise COMMAND --help` tells all about a command; `--version` the version.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status; never raises for what a user can cause."""
    if argv is not None:
        return _main(argv)
    # The process is the command's own. BLAS, which has next to nothing to do here, would start threads of its own with
    # numpy, and they spin for a while, on processors that the kernels want.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        stops.listen()
        streams.settle()
        return _main(sys.argv[1:])
    except stops.Stopped as stopped:  # before there was anything to say about it
        return stopped.status
    finally:
        gc.freeze()  # or the interpreter looks through every module for garbage before it ends, which takes 10 ms


def _main(argv: Sequence[str]) -> int:
    console = Console()
    handler = ConsoleHandler(console)
    logger = logging.getLogger("edge")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if is_debugging() else logging.WARNING)
    try:
        return _run(argv, console)
    finally:
        console.clear()
        logger.removeHandler(handler)
        logger.setLevel(level)


def build_parser() -> Parser:
    """Build the parser of the whole command line."""
    parser = Parser(
        prog="edgewise",
        usage="%(prog)s COMMAND ...",
        description="Speech to text on your own CPU; nothing leaves the machine.",
        epilog=_EPILOG,
    )
    parser.add_commands("commands", "COMMAND", COMMANDS)
    parser.add_argument("--version", action="version", version=f"edgewise {__version__}", help=argparse.SUPPRESS)
    return parser


def _run(argv: Sequence[str], console: Console) -> int:
    try:
        try:
            args = build_parser().parse_args(argv)
            status: int = args.run(args, console)
        except Exception:
            stops.check()
            raise
    except SystemExit as leaving:  # argparse has printed its help or a complaint
        return leaving.code if isinstance(leaving.code, int) else EXIT_USAGE
    except KeyboardInterrupt as stopped:
        is_terminated = isinstance(stopped, stops.Stopped) and stopped.number == signal.SIGTERM
        console.say("terminated" if is_terminated else "interrupted")
        return EXIT_TERMINATED if is_terminated else EXIT_INTERRUPTED
    except BrokenPipeError:
        streams.abandon_output()
        return EXIT_BROKEN_PIPE
    except Exception as error:
        if is_debugging():
            console.show(traceback.format_exc().rstrip())
        console.say(explain(error))
        return EXIT_FAILURE
    return status
