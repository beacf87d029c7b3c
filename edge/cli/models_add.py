"""`edgewise models add`: a checkpoint or model file of the user's own becomes a model by name."""

from __future__ import annotations

import argparse

from .console.bar import Console
from .options.model import add_offline
from .parser import Parser

_EPILOG = """\
examples:
  edgewise models add mine my-checkpoint/
  edgewise models add mine ~/finetuned.gguf
  edgewise models add mine https://example.org/small.pt --sha256 9ecf…

SOURCE is a folder or a file that `edgewise export whisper` can read: a Hugging Face or CTranslate2 folder, an
openai-whisper .pt, a whisper.cpp .bin, a .gguf. It is read through, and stays where it is; if it changes later, that is
noticed. A .gguf runs as it is; of others a model is made on first use. An http address of a file is fetched into the
cache.
"""


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.description = "Make a model of your own one by name, such as `edgewise transcribe --model NAME` takes."
    parser.epilog = _EPILOG
    parser.add_argument("name", metavar="NAME", help="what to call it: letters, digits, dots, dashes and underscores")
    parser.add_argument("source", metavar="SOURCE", help="folder, file or http address")
    parser.add_argument("--sha256", metavar="HEX", help="SHA-256 of the weights' file; an address must come with it")
    add_offline(parser)
    parser.set_defaults(run=_add)


def _add(args: argparse.Namespace, console: Console) -> int:
    from ..adopt import adopt

    asset = adopt(args.name, args.source, sha256=args.sha256, offline=args.offline or None, progress=console.progress)
    console.clear()
    console.say(f"{asset.name} is {asset.summary}: `edgewise transcribe --model {asset.name} RECORDING` uses it")
    return 0
