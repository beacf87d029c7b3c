"""Which model runs, and on what."""

from __future__ import annotations

import argparse

from ...names import DEFAULT_MODEL, DEFAULT_PRECISION
from ..parser import Parser
from .groups import positive

# The homes of these take numpy and the compiled part, which no help needs; tests hold them together.
PRECISIONS = ("int8", "int4", "q8_0", "f16", "f32")
"""Precisions of model files (edge.whisper.file.model)."""

ONNX_PRECISIONS = ("w8", "w4")
"""Further precisions, of onnxruntime alone (edge.whisper.engines.onnx_folder)."""

ENGINES = ("edgewise", "onnxruntime")
"""Engines that run a model (edge.recognizer)."""


def add_model(group: argparse._ArgumentGroup) -> None:
    """Declare the model to use."""
    group.add_argument(
        "-m",
        "--model",
        default=DEFAULT_MODEL,
        metavar="NAME",
        help="model, by name or .gguf file; `edgewise models list` shows names (default: %(default)s)",
    )


def add_engine(parser: Parser, title: str) -> None:
    """Declare how the model is run."""
    group = parser.group(title)
    group.add_argument(
        "--precision",
        choices=(*PRECISIONS, *ONNX_PRECISIONS),
        help=f"precision of a model given by name; {' and '.join(ONNX_PRECISIONS)} are for {ENGINES[1]} "
        f"(default: {DEFAULT_PRECISION})",
    )
    group.add_argument(
        "--engine", choices=ENGINES, default=ENGINES[0], help="what runs the model (default: %(default)s)"
    )
    add_threads(group)
    add_offline(group)


def add_precision(group: argparse._ArgumentGroup) -> None:
    """Declare the precision, for edgewise's own engine."""
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        help=f"precision of a model given by name (default: {DEFAULT_PRECISION})",
    )


def add_threads(group: argparse._ArgumentGroup) -> None:
    """Declare the number of threads."""
    group.add_argument(
        "-t",
        "--threads",
        type=positive,
        metavar="N",
        help="threads that compute (default: the processor's physical cores)",
    )


def add_offline(group: argparse._ActionsContainer) -> None:
    """Declare --offline."""
    group.add_argument("--offline", action="store_true", help="never use the network")
