"""Describes in words what is in a folder for onnxruntime."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..file.inspect import joined, key_lines, megabytes, model_lines, report_lines
from .onnx_folder import GRAPHS, WEIGHTS, open_folder

_VERDICT = "onnxruntime runs it (`--engine onnxruntime`)"
_PADDING = "always computed whole: the graphs take only whole windows"


def describe_folder(folder: Path) -> str:
    """Summarize a folder (`onnx_folder`) for people; onnxruntime is not needed, and the graphs are not opened.

    Raises:
        ModelNotFoundError: it is incomplete.
        FormatError: its facts are damaged.
    """
    with open_folder(folder) as facts:
        model = model_lines(facts, _VERDICT, _PADDING)
        return joined([_headline(folder), model, report_lines(facts.file), key_lines(facts.file)])


def _headline(folder: Path) -> Iterator[str]:
    n_bytes = sum(path.stat().st_size for path in folder.iterdir())
    yield f"{folder}: {megabytes(n_bytes)}, {len(GRAPHS)} graphs"
    for name in (*GRAPHS, WEIGHTS):
        if (folder / name).is_file():  # small graphs hold their own weights
            yield f"  {name:28} {megabytes((folder / name).stat().st_size):>12}"
