"""A model as onnxruntime runs it: a folder of graphs, beside a GGUF file that says what they are of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import ModelNotFoundError, UnsupportedModelError

FACTS = "edgewise.gguf"
"""File that says what the graphs are of: a model file without weights."""

_EXPORT = "`edgewise export whisper SOURCE -o DIR --to onnx`"


def is_folder(path: Path) -> bool:
    """Whether `path` looks like such a folder."""
    return (path / FACTS).is_file()


def require_files(folder: Path, names: Iterable[str] = (FACTS,)) -> None:
    """Refuse what is not such a folder, or not all of one.

    Raises:
        ModelNotFoundError: there is no such folder, or it is incomplete.
        UnsupportedModelError: it is a file.
    """
    if folder.is_file():
        raise UnsupportedModelError(f"{folder}: onnxruntime runs a folder that {_EXPORT} writes, and this is a file")
    if not folder.is_dir():
        raise ModelNotFoundError(f"{folder}: no such folder; {_EXPORT} writes one")
    for name in names:
        if not (folder / name).is_file():
            raise ModelNotFoundError(f"{folder}: there is no {name} in it; expected a folder that {_EXPORT} wrote")
