"""`edgewise wake listen` and `test`: when a wake word is heard."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..console.bar import Console
from ..console.streams import report
from ..options.model import add_model, add_offline
from ..parser import Parser

if TYPE_CHECKING:
    from ...wake import Detection, Spotter


def declare(parser: Parser) -> None:
    """Declare `listen`."""
    parser.description = "Say when the microphone hears a wake word; Ctrl-C ends."
    _add_word(parser)
    parser.add_argument("--device", metavar="NAME", help="microphone, by number or name (default: the system's)")
    parser.set_defaults(run=run_listen)


def declare_test(parser: Parser) -> None:
    """Declare `test`."""
    parser.description = "Say when recordings have a wake word in them, and how often; exit status 1 if none has."
    _add_word(parser)
    parser.add_argument("files", nargs="+", metavar="FILE", help="recordings")
    parser.set_defaults(run=run_test)


def _add_word(parser: Parser) -> None:
    parser.add_argument("word", metavar="WORD", help="wake word: `edgewise wake list` shows the names")
    parser.add_argument("--threshold", type=float, metavar="X", help="score from which on it is heard, 0 to 1")
    parser.add_argument(
        "--check", action="store_true", help="have the recogniser read it too; words of your own are always checked"
    )
    add_model(parser.group("model"))
    add_offline(parser.group("model"))


def run_listen(args: argparse.Namespace, console: Console) -> int:
    """Listen to the microphone."""
    from ...audio.microphone import Captured, Microphone
    from ..stops import held

    device = int(args.device) if args.device is not None and args.device.isdecimal() else args.device
    with held() as stop:
        spotter = _spotters(args, console)()
        with Microphone(device) as microphone:
            console.say(f'listening to {microphone.device.name}; say "{spotter.word.phrase}", Ctrl-C ends')
            for piece in microphone:
                if isinstance(piece, Captured) and len(piece.samples):
                    for found in spotter.feed(piece.samples):
                        report(_line(found))
                if stop.is_asked:
                    return 0
    return 0


def run_test(args: argparse.Namespace, console: Console) -> int:
    """Read recordings."""
    from ...audio import open_audio

    n_found = 0
    begin = _spotters(args, console)
    for name in args.files:
        spotter = begin()
        with open_audio(name) as source:
            found = [each for block in source for each in spotter.feed(block)]
        n_found += len(found)
        report("\n".join(f"{name}: {_line(each)}" for each in found) or f"{name}: not heard")
    return 0 if n_found else 1


def _spotters(args: argparse.Namespace, console: Console) -> Callable[[], Spotter]:
    """Load what is needed, and return a function that begins to hear one stream."""
    from ...assist.places import words_folder
    from ...wake import Spotter
    from ...wake.check import checked_by, examples_checked_by
    from ...wake.choose import open_word
    from ...wake.examples import ExampleWord

    word = open_word(args.word, words_folder())
    check = None
    if args.check or isinstance(word, ExampleWord):
        from ... import load

        model = load(args.model, kind="speech", offline=args.offline or None, progress=console.progress)
        console.clear()
        if isinstance(word, ExampleWord):
            check = examples_checked_by(model, word.examples)
        else:
            check = checked_by(model, word.phrase)
    return lambda: Spotter(open_word(args.word, words_folder()), threshold=args.threshold, check=check)


def _line(found: Detection) -> str:
    return f"{found.phrase} at {found.at / 16000:.2f} s, score {found.score:.2f}"
