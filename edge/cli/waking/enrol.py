"""`edgewise wake enrol`: a wake word of one's own, out of a few examples."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..console.bar import Console
from ..console.streams import report
from ..options.model import add_model, add_offline
from ..parser import Parser

if TYPE_CHECKING:
    from ...arrays import FloatArray

_N_RECORDED = 5
_SAID_WITHIN_S = 8.0


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.description = (
        "Make a wake word out of three to twenty recordings of it, each with the phrase alone. The recogniser reads "
        "them as well, and checks by its readings what sounds like the phrase later on."
    )
    parser.add_argument(
        "phrase", metavar="PHRASE", help='phrase, such as "computer"; three syllables are a good length'
    )
    parser.add_argument(
        "--examples", nargs="+", metavar="FILE", help=f"recordings (default: say it {_N_RECORDED} times now)"
    )
    parser.add_argument("--device", metavar="NAME", help="microphone, by number or name (default: the system's)")
    add_model(parser.group("model"))
    add_offline(parser.group("model"))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Make it, and say what to do next."""
    from ... import load
    from ...assist.places import words_folder
    from ...wake.choose import word_path
    from ...wake.enrol import enrol
    from ...wake.examples import save_examples

    model = load(args.model, kind="speech", offline=args.offline or None, progress=console.progress)
    console.clear()
    recordings = [_read(name) for name in args.examples] if args.examples else _record(args, console)
    examples = enrol(
        args.phrase, recordings, lambda samples: model.transcribe(samples, language="en", temperature=0.0).text
    )
    path = word_path(words_folder(), args.phrase)
    save_examples(path, examples)
    report(f"wrote {path}, threshold {examples.threshold}; read as {', '.join(examples.readings) or 'no words'}")
    report(f"`edgewise wake listen {path.stem}` tries it, `edgewise assist --wake {path.stem}` uses it")
    return 0


def _read(name: str) -> FloatArray:
    import numpy as np

    from ...audio import open_audio

    with open_audio(name) as source:
        return np.concatenate([np.zeros(0, np.float32), *source])


def _record(args: argparse.Namespace, console: Console) -> list[FloatArray]:
    """Take turns of speech from the microphone, one an example."""
    import numpy as np

    from ...audio.microphone import Captured, Microphone
    from ...errors import MicrophoneError
    from ...listen.detector import Detector
    from ...wake.turns import SpokenTurns

    vad = Detector(args.offline or None).open(must=True)
    assert vad is not None
    device = int(args.device) if args.device is not None and args.device.isdecimal() else args.device
    found: list[FloatArray] = []
    with Microphone(device) as microphone:
        turns, waited_s = SpokenTurns(vad), 0.0
        console.say(f'say "{args.phrase}", {_N_RECORDED} times, with a pause after each')
        for piece in microphone:
            if not isinstance(piece, Captured):
                continue
            samples = piece.samples if len(piece.samples) else np.zeros(0, np.float32)
            waited_s += max(len(samples) / 16000, 0.1 if not len(samples) else 0.0)
            for turn in turns.feed(samples):
                found.append(turn)
                waited_s = 0.0
                console.say(f"{len(found)} of {_N_RECORDED}")
            if len(found) == _N_RECORDED:
                return found
            if waited_s > _SAID_WITHIN_S:
                raise MicrophoneError(f"nothing was said for {_SAID_WITHIN_S:.0f} s; try again, or give --examples")
    return found
