"""`edgewise inspect`: what is in a model file, or in a folder for onnxruntime."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import OptionError
from .arguments import HELP, Subcommands
from .console import Console
from .streams import report

_EPILOG = """\
examples:
  edgewise inspect base-int8.gguf
  edgewise inspect base-int8.gguf --tensors
  edgewise inspect base-onnx/
  edgewise inspect "$(edgewise models where tiny.en --precision int8)"
"""


def add_parser(commands: Subcommands) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "inspect",
        help="print what is in a model file",
        description="Check a GGUF file, ours or not, or a folder for onnxruntime, and print what is in it.",
        epilog=_EPILOG,
        formatter_class=HELP,
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--tensors", action="store_true", help="list every tensor")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
    if args.file.is_dir():
        from ..onnx.inspect import describe_folder

        if args.tensors:
            raise OptionError(f"--tensors lists those of a GGUF file, and {args.file} is a folder")
        report(describe_folder(args.file))
    else:
        from ..format.inspect import describe

        report(describe(args.file, tensors=args.tensors))
    return 0
