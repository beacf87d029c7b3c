"""Names and paths of models, told apart by how they are written and never by what lies in the working folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, get_args

SpeechName = Literal[
    "tiny.en",
    "base",
    "tiny",
    "base.en",
    "small.en",
    "small",
    "medium.en",
    "medium",
    "large-v1",
    "large-v2",
    "large-v3",
    "large-v3-turbo",
]
"""Names of speech models that everybody has, as type checkers know them."""

Kind = Literal["speech", "language"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Kinds of models that are loaded."""

DEFAULT_MODEL: SpeechName = "tiny.en"
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
