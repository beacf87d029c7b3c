"""The product against its peers, the kernels against the machine, files of one model against each other."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Collection, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from edge.bench.result_file import write_result
from edge.errors import EdgeError

from .errors import BenchmarkError


class Command(NamedTuple):
    """One command: where it is, and which question it answers."""

    module: str
    """Name of the module below this package, which has `add_arguments` and `run`; imported when it is needed."""
    help: str


COMMANDS = {
    "asr": Command("speed.asr", "how fast and how exact are the engines, side by side?"),
    "kernels": Command("speed.kernels", "how near to the machine's peak are the kernels at real shapes?"),
    "step": Command("speed.step", "how near to the memory's bandwidth is one step of the decoder?"),
    "together": Command("speed.together", "what is gained when several share a pass over the weights?"),
    "parallel": Command("speed.parallel", "how fast and exact are long recordings in sections read at the same time?"),
    "tune": Command("speed.tune", "does `edgewise tune` find what all runs find, with a tenth of them?"),
    "hallucination": Command("words.hallucination", "which words are written where nobody speaks?"),
    "coverage": Command("words.coverage", "which words are lost in repetition, behind pauses, silence and noise?"),
    "words": Command("words.words", "how exactly do engines tell when words are said?"),
    "confidence": Command("words.confidence", "are words that are given 0.8 right 8 times of 10?"),
    "nbest": Command("words.nbest", "how good is the best of the n best readings?"),
    "vocabulary": Command("words.vocabulary", "are rare words found when they are listed, and what do lists cost?"),
    "sentences": Command("sentences.sentences", "which intents are right, and what is done that nobody asked for?"),
    "spoken": Command("sentences.spoken", "makes recordings of sentences, by a voice of yours"),
    "correction": Command("correct.correction", "what do corrections gain and harm? fits weights and gates"),
    "joints": Command("correct.joints", "are signs and capitals right where speech was cut?"),
    "consensus": Command("correct.consensus", "how many errors does a vote of several recognizers take away?"),
    "live": Command("live.live", "how soon does live text come, how much of it stays, what does it cost?"),
    "dictation": Command("dictation.dictation", "how soon is dictated text in a window, and is any ever lost?"),
    "serve": Command("serve.serve", "does a server hold under many at once, for long, and hostile bytes?"),
    "wake": Command("wake.wake", "how often is a wake word missed, and heard where nobody said it?"),
    "television": Command("wake.television", "is anything done in a room where nobody means the assistant?"),
    "evidence": Command("live.fit", "what tells that a word of live text will stay? fits the weights"),
    "precisions": Command("models.precisions", "what does rounding cost? files of one Whisper side by side"),
    "calibration": Command("models.calibration", "makes what INT4 by name is calibrated with"),
    "compression": Command("models.compression", "what do smaller encoders cost, at each precision?"),
    "perplexity": Command("models.perplexity", "what does quantizing a language model cost, on a text?"),
    "longtext": Command("models.long_text", "does a language model read on when a text is longer than its view?"),
    "writing": Command("models.writing", "does a language model write the same, in constant memory, for long?"),
    "language": Command("speed.language", "how fast are language models, engines by turns?"),
    "boards": Command("boards.boards", "what would boards need that are not here? predicted, not measured"),
    "compare": Command("compare", "what differs between two files of results, beyond the noise?"),
}

_HELP = argparse.RawDescriptionHelpFormatter

_EPILOG = """\
`python -m benchmarks COMMAND --help` tells what a command measures and shows examples;
benchmarks/README.md tells the method, benchmarks/RESULTS.md what was measured.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0 if it could measure."""
    words = sys.argv[1:] if arguments is None else arguments
    command = next((word for word in words if word in COMMANDS), "")
    options = build_parser((command,)).parse_args(words)
    signal.signal(signal.SIGTERM, _end)
    try:
        result = options.run(options)
        if result is not None and options.json is not None:
            write_result(options.json, result)
    except (BenchmarkError, EdgeError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def build_parser(wanted: Collection[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """Build the parser of all commands; only those that are wanted are imported and know their own arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=_HELP,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    for name, command in COMMANDS.items():
        own = commands.add_parser(name, help=command.help, formatter_class=_HELP, add_help=name in wanted)
        if name in wanted:
            module: Any = import_module(f".{command.module}", __package__)
            own.description = module.__doc__
            own.epilog = module.EXAMPLES
            own.set_defaults(run=module.run)
            module.add_arguments(own)
    return parser


def _end(number: int, frame: object) -> None:
    """End as errors do: a process of an engine that waits for its turn is stopped, and would stay so for ever."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
