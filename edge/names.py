"""Names and paths of models, told apart by how they are written and never by what lies in the working folder."""

from __future__ import annotations

import os
from pathlib import Path

DEFAULT_MODEL = "tiny.en"
DEFAULT_PRECISION = "int8"
"""Precision of a model that is given by name."""

_SUFFIXES = (".gguf", ".bin", ".pt", ".pth", ".safetensors", ".onnx")


def given_path(model: str | os.PathLike[str]) -> Path | None:
    """Return the path that `model` is; None where it is a name, to be looked up in the store.

    A path has a folder in it, begins with "." or "~", or ends as model files do; a `PathLike` always is one.
    """
    if isinstance(model, os.PathLike):
        return Path(model)
    separators = {"/", os.sep, os.altsep or os.sep}
    if model.startswith((".", "~")) or model.lower().endswith(_SUFFIXES) or not separators.isdisjoint(model):
        return Path(model).expanduser() if model.startswith("~/") else Path(model)
    return None
