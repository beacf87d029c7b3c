"""`edgewise bench`: how fast this machine is, in a report that others can believe."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..names import DEFAULT_MODEL, DEFAULT_PRECISION, given_path
from .console.bar import Console
from .console.streams import report
from .options.groups import positive
from .options.model import PRECISIONS, add_offline
from .parser import Command, Parser

if TYPE_CHECKING:
    from ..arrays import FloatArray
    from ..bench.burst import Burst
    from ..recognizer import Recognizer

_LENGTHS_S = (3.0, 8.0, 11.0)
_ROUNDS, _QUICK_ROUNDS = 20, 5
_SAID = "andsomyfellowamericansasknotwhatyourcountrycandoforyouaskwhatyoucandoforyourcountry"

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
        "-m", "--models", type=_names, default=(DEFAULT_MODEL,), metavar="NAMES", help=f"default: {DEFAULT_MODEL}"
    )
    parser.add_argument(
        "--precision", type=_precisions, default=(DEFAULT_PRECISION,), metavar="LIST", help=", ".join(PRECISIONS)
    )
    parser.add_argument(
        "--threads", type=_counts, metavar="LIST", help="numbers of threads (default: 1, and the one that is best here)"
    )
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_ROUNDS} rounds in place of {_ROUNDS}")
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
    from ..bench.burst import measure_burst
    from ..bench.report import save, times_table
    from ..threads import default_threads

    samples = _clip(args, console)
    threads = args.threads or tuple(dict.fromkeys((1, default_threads())))
    models = list(_models(args, threads, console))
    burst = measure_burst(models, samples, _LENGTHS_S, _QUICK_ROUNDS if args.quick else _ROUNDS, console.progress)
    console.clear()
    result = _report(models, samples, burst)
    beside = save(args.output, result)
    report(times_table(result))
    report("")
    report(f"{result['verdict']['kind']}{''.join(f'; {reason}' for reason in result['verdict']['reasons'])}")
    report(f"words: {'right' if result['check']['is_right'] else 'wrong: ' + result['check']['text']}")
    report(f"written to {args.output} and {beside}")
    return 0


def _clip(args: argparse.Namespace, console: Console) -> FloatArray:
    from ..bench.sets import Utterance, read_samples
    from ..store import Store, is_offline
    from .demo import CLIP

    path = Store().ensure(CLIP, offline=is_offline(args.offline or None), progress=console.progress)
    return read_samples(Utterance(CLIP, (str(path),), gap_s=0.0, text=None, language="en"))


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
                    load(name, precision=precision, threads=count, offline=offline, progress=console.progress),
                )


def _report(models: Sequence[tuple[int, Recognizer]], samples: FloatArray, burst: Burst) -> dict[str, Any]:
    """Put together what was measured, on what, and what it is worth."""
    from dataclasses import asdict

    from ..audio import SAMPLE_RATE_HZ
    from ..bench.burst import sound_hash
    from ..bench.peaks import measure_peaks
    from ..bench.report import seal
    from ..bench.result_file import make_result
    from ..bench.verdict import judge
    from ..machine import describe_machine
    from ..ops import compiled_file, cpu_info
    from ..version import __version__

    machine = describe_machine()
    verdict = judge(burst.seen, machine.cores, [cell.times_s for cell in burst.cells], is_warm=burst.is_warm)
    texts = [cell.text for cell in burst.cells if cell.audio_s == burst.cells[len(_LENGTHS_S) - 1].audio_s]
    text = next((text for text in texts if not _is_right(text)), texts[0])
    return seal(
        make_result(
            "bench",
            machine,
            version=__version__,
            level=cpu_info().chosen,
            kernels_sha256=_file_hash(compiled_file()),
            peaks=asdict(measure_peaks(machine.cores)),
            audio={"name": "jfk", "seconds": len(samples) / SAMPLE_RATE_HZ, "sha256": sound_hash(samples)},
            models=[
                {"name": name, "sha256": _file_hash(path)}
                for name, path in {f"{model.name} {model.precision}": model.path for _, model in models}.items()
            ],
            check={"text": text, "is_right": _is_right(text)},
            is_warm=burst.is_warm,
            verdict=asdict(verdict),
            conditions=[asdict(one) for one in burst.seen],
            cells=[asdict(cell) for cell in burst.cells],
        )
    )


def _is_right(text: str) -> bool:
    """Whether a text has the words of the clip."""
    return "".join(filter(str.isalpha, text)).lower() == _SAID


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def _precisions(text: str) -> tuple[str, ...]:
    names = _names(text)
    for name in names:
        if name not in PRECISIONS:
            raise argparse.ArgumentTypeError(f"{name} is no precision of model files: {', '.join(PRECISIONS)}")
    return names


def _counts(text: str) -> tuple[int, ...]:
    return tuple(positive(name) for name in _names(text))
