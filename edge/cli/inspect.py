"""`edgewise inspect`: what is in a model file."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import HELP, Subcommands
from .console import Console

if TYPE_CHECKING:
    from ..format import ModelFile

_LONGEST_VALUE = 70

_EPILOG = """\
examples:
  edgewise inspect base-int8.gguf
  edgewise inspect base-int8.gguf --tensors
  edgewise inspect "$(edgewise models where tiny.en --precision int8)"
"""


def add_parser(commands: Subcommands) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "inspect",
        help="print what is in a model file",
        description="Check a GGUF model file and print its sizes and metadata.",
        epilog=_EPILOG,
        formatter_class=HELP,
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--tensors", action="store_true", help="list every tensor")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
    from ..format import open_model

    with open_model(args.file) as model:
        for line in _summary(model):
            print(line)
        if args.tensors:
            for line in _tensors(model):
                print(line)
    return 0


def _summary(model: ModelFile) -> Iterator[str]:
    yield f"{'file':<28} {model.path}, {model.path.stat().st_size} bytes"
    yield f"{'name':<28} {model.name}"
    yield f"{'precision':<28} {model.precision}"
    for field in dataclasses.fields(model.dims):
        yield f"{field.name:<28} {getattr(model.dims, field.name)}"
    yield f"{'alignment heads':<28} {' '.join(f'{layer}.{head}' for layer, head in model.alignment_heads)}"
    for name, (count, n_bytes) in _by_type(model).items():
        yield f"{name + ' tensors':<28} {count}, {n_bytes} bytes"
    yield "metadata"
    for key, value in model.metadata.items():
        yield f"  {key:<42} {_short(value)}"


def _by_type(model: ModelFile) -> dict[str, tuple[int, int]]:
    """Number and bytes of the tensors of each type."""
    found: dict[str, tuple[int, int]] = {}
    for tensor in model.tensors.values():
        count, n_bytes = found.get(tensor.type.name.lower(), (0, 0))
        found[tensor.type.name.lower()] = (count + 1, n_bytes + tensor.data.nbytes)
    return found


def _tensors(model: ModelFile) -> Iterator[str]:
    yield "tensors"
    for name, tensor in model.tensors.items():
        shape = " x ".join(str(extent) for extent in tensor.shape)
        yield f"  {name:<42} {tensor.type.name.lower():<6} {shape}"


def _short(value: object) -> str:
    """A value on one line that is not too long; of a list, its length and beginning."""
    if isinstance(value, (str, bytes, int, float)):
        text = str(value) if isinstance(value, str) else repr(value)
    else:
        items = list(value) if hasattr(value, "__iter__") else [value]
        text = f"[{len(items)}] " + " ".join(str(item) for item in items[:12])
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
