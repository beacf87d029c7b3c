"""`edgewise bench`: how fast this machine is, in a report that others can believe."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..names import DEFAULT_MODEL, DEFAULT_PRECISION, given_path
from .console.bar import Console
from .console.streams import report
from .measuring.lists import counts, names, precisions
from .options.model import PRECISIONS, add_offline
from .parser import Command, Parser

if TYPE_CHECKING:
    from ..bench.spoken import Spoken
    from ..recognizer import Recognizer

_EPILOG = """\
examples:
  edgewise bench                                   measure, and write edgewise-bench.json and .md
  edgewise bench --quick
  edgewise bench -m tiny.en,base --precision int8,int4 --threads 1,2 -o board.json
  edgewise bench compare laptop.json board.json    ratios with their intervals
  edgewise bench verify board.json                 whether a report is whole
  edgewise bench page reports/                     reports/index.html, from all reports in the folder

Times of a busy, hot or battery driven machine are marked so, and are not compared unless it is asked for.
"""


def declare(parser: Parser) -> None:
    """Declare what is measured, and what else may be done with reports."""
    parser.description = "Measure how fast this machine transcribes, with its words and its conditions."
    parser.usage = "%(prog)s [options] [ACTION FILE...]"
    parser.epilog = _EPILOG
    parser.add_argument(
        "-m", "--models", type=names, default=(DEFAULT_MODEL,), metavar="NAMES", help=f"default: {DEFAULT_MODEL}"
    )
    parser.add_argument(
        "--precision", type=precisions, default=(DEFAULT_PRECISION,), metavar="LIST", help=", ".join(PRECISIONS)
    )
    parser.add_argument(
        "--threads", type=counts, metavar="LIST", help="numbers of threads (default: 1, and the one that is best here)"
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="20 s in place of three minutes, on a fast machine")
    length.add_argument("--full", action="store_true", help="ten minutes of work without a pause as well")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("edgewise-bench.json"), metavar="FILE", help="default: %(default)s"
    )
    add_offline(parser)
    parser.set_defaults(run=run)
    parser.add_commands("actions", "ACTION", ACTIONS, required=False)


ACTIONS: Mapping[str, Command] = {
    "compare": Command("measuring.reports", "compare reports, with intervals", "declare_compare"),
    "page": Command("measuring.reports", "make one page of a folder of reports", "declare_page"),
    "verify": Command("measuring.reports", "check that reports are whole and possible", "declare_verify"),
}


def run(args: argparse.Namespace, console: Console) -> int:
    """Measure, say what the times are worth, and write the report."""
    import shlex

    from ..bench.markdown import more_lines, times_table
    from ..bench.measure import FULL, QUICK, USUAL, measure
    from ..bench.report import save
    from ..bench.spoken import read_clip
    from ..store import is_offline
    from ..threads import default_threads

    offline = is_offline(args.offline or None)
    clip = read_clip(offline=offline, progress=console.progress)
    threads = args.threads or tuple(dict.fromkeys((1, default_threads())))
    models = list(_models(args, threads, console))
    plan = QUICK if args.quick else FULL if args.full else USUAL
    command = shlex.join(["edgewise", *sys.argv[1:]])
    result = measure(models, clip, _spoken(offline, console), plan, command, console.progress)
    console.clear()
    if not result["live"]:
        console.say("live text is not measured: it needs the speech detector: `edgewise models pull silero-vad`")
    beside = save(args.output, result)
    report(times_table(result))
    report("")
    for line in more_lines(result):
        report(line)
    report(f"{result['verdict']['kind']}{''.join(f'; {reason}' for reason in result['verdict']['reasons'])}")
    report(f"words: {'right' if result['check']['is_right'] else 'wrong: ' + result['check']['text']}")
    report(f"written to {args.output} and {beside}")
    return 0


def _spoken(offline: bool, console: Console) -> list[Spoken]:
    """Read the set whose words are counted; without it, the rest is measured."""
    from ..bench.spoken import read_set
    from ..errors import StoreError

    try:
        return read_set(offline=offline, progress=console.progress)
    except StoreError as error:
        console.say(f"words are not counted, and nobody will compare these times: {error}")
        return []


def _models(args: argparse.Namespace, threads: Sequence[int], console: Console) -> Iterator[tuple[int, Recognizer]]:
    """Load what is measured; a file has the precision that it has."""
    from .. import load
    from ..store import is_offline

    offline = is_offline(args.offline or None)
    for name in args.models:
        for precision in args.precision if given_path(name) is None else (None,):
            for count in threads:
                yield (
                    count,
                    load(
                        name,
                        kind="speech",
                        precision=precision,
                        threads=count,
                        offline=offline,
                        progress=console.progress,
                    ),
                )
