"""`edgewise export`: a foreign checkpoint becomes a model file of ours."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import EdgeError
from .arguments import HELP, PRECISIONS, Subcommands
from .console import Console

_EPILOG = """\
SOURCE is a CTranslate2 or Hugging Face folder, an openai-whisper .pt, a whisper.cpp .bin, a GGUF file,
or the name of a model that `edgewise models list` shows.

examples:
  edgewise export whisper whisper-small/ -o small-int8.gguf --precision int8
  edgewise export whisper base -o base-int4.gguf --precision int4
  edgewise transcribe talk.wav --model small-int8.gguf
"""


def add_parser(commands: Subcommands) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "export",
        help="convert a checkpoint into a model file",
        description="Convert a checkpoint into a GGUF model file.",
    )
    families = parser.add_subparsers(title="families", metavar="FAMILY", required=True)
    whisper = families.add_parser(
        "whisper",
        help="a Whisper checkpoint of any size",
        description="Convert a Whisper checkpoint into a GGUF model file.",
        epilog=_EPILOG,
        formatter_class=HELP,
    )
    whisper.add_argument("source", metavar="SOURCE")
    whisper.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="the file to write")
    whisper.add_argument(
        "--precision", choices=PRECISIONS, default="int8", help="of the weights (default: int8)"
    )
    whisper.add_argument("--name", help="the model's name (default: what the source says)")
    whisper.add_argument("--offline", action="store_true", help="never use the network")
    whisper.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
    try:
        from export.whisper import export_whisper
    except ImportError as error:
        raise EdgeError(
            f'the exporter cannot be imported ({error}): pip install "edgewise[export]"'
        ) from error
    source, name = Path(args.source), args.name
    if not source.exists():
        from ..store import Store

        store = Store()
        name = name or store.asset(args.source).name
        source = store.ensure(name, offline=args.offline or None, progress=console.progress)
    report = export_whisper(
        source, args.output, precision=args.precision, name=name, progress=console.progress
    )
    console.clear()
    print(report)
    return 0
