"""`edgewise inspect`: what is in a model file, or in a folder for onnxruntime."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import ModelNotFoundError, OptionError
from ..names import given_path
from .console.bar import Console
from .console.streams import report
from .parser import Parser

_EPILOG = """\
examples:
  edgewise inspect base-int8.gguf
  edgewise inspect base-int8.gguf --tensors
  edgewise inspect base-onnx/
  edgewise inspect tiny.en
"""


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.description = "Check a GGUF file, ours or not, or a folder for onnxruntime, and print what is in it."
    parser.epilog = _EPILOG
    parser.add_argument(
        "file", metavar="FILE", help="path, or the name of a model, for the files that the store has of it"
    )
    parser.add_argument("--tensors", action="store_true", help="list every tensor")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print what is in each file."""
    path = given_path(args.file)
    for found in _stored(args.file) if path is None else (path,):
        _print(found, tensors=args.tensors)
    return 0


def _stored(name: str) -> list[Path]:
    """List the exported files and folders of a model in the store."""
    from ..store import Store

    store = Store()
    found = [store.ensure(name, offline=True)] if store.asset(name).precision else store.made(name)
    if not found:
        raise ModelNotFoundError(f"{name} has no model file in {store.home} yet; its first use makes one")
    return found


def _print(path: Path, *, tensors: bool) -> None:
    if path.is_dir():
        from ..whisper.engines.onnx_inspect import describe_folder

        if tensors:
            raise OptionError(f"--tensors lists those of a GGUF file, and {path} is a folder")
        report(describe_folder(path))
    else:
        from ..whisper.file.inspect import describe

        report(describe(path, tensors=tensors))
