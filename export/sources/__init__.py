"""Readers of foreign checkpoints, and the choice between them by what a file or folder is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from edge.errors import FormatError, ModelNotFoundError, UnsupportedModelError

from ..checkpoint.types import Checkpoint
from ..checkpoint.vocabulary import Assets
from . import ctranslate2, gguf, huggingface, openai, whispercpp

_ZIP, _PICKLE = b"PK\x03\x04", b"\x80\x02"

_KINDS = (
    "a CTranslate2 folder, a Hugging Face folder with safetensors, openai-whisper's .pt, "
    "whisper.cpp's .bin or a .gguf of transcribe.cpp or edgewise"
)


def read_checkpoint(path: Path, *, name: str | None = None, assets: Assets | None = None) -> Checkpoint:
    """Read a Whisper model of any supported kind.

    `name` overrides the name that is guessed from the source. `assets` brings Whisper's own
    vocabularies where a model comes without one.
    """
    try:
        checkpoint = _reader(path)(assets)
    except RecursionError:
        raise FormatError(f"{path}: one of its JSON files nests too deep; no model's does") from None
    return checkpoint if name is None else dataclasses.replace(checkpoint, name=name)


def _reader(path: Path) -> Callable[[Assets | None], Checkpoint]:
    if not path.exists():
        raise ModelNotFoundError(f"{path}: no such file or folder; expected {_KINDS}")
    if path.is_dir():
        return _folder_reader(path)
    if not path.is_file():
        raise UnsupportedModelError(f"{path}: neither a file nor a folder; expected {_KINDS}")
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == gguf.MAGIC:
        return lambda assets: gguf.read_gguf(path)
    if magic == whispercpp.MAGIC:
        return lambda assets: whispercpp.read_whispercpp(path)
    if magic == _ZIP or magic.startswith(_PICKLE):
        return lambda assets: openai.read_openai(path, assets=assets)
    if path.name == ctranslate2.WEIGHTS or path.suffix == ".safetensors":
        return _folder_reader(path.parent)
    raise UnsupportedModelError(f"{path}: no known kind of model file; expected {_KINDS}")


def _folder_reader(folder: Path) -> Callable[[Assets | None], Checkpoint]:
    if (folder / huggingface.WEIGHTS).is_file() or (folder / huggingface.INDEX).is_file():
        return lambda assets: huggingface.read_huggingface(folder, assets=assets)
    if (folder / ctranslate2.WEIGHTS).is_file():
        return lambda assets: ctranslate2.read_ctranslate2(folder, assets=assets)
    if (folder / "pytorch_model.bin").is_file():
        raise UnsupportedModelError(
            f"{folder}: holds only pytorch_model.bin, a pickle; save the model with safe_serialization=True"
        )
    raise UnsupportedModelError(
        f"{folder}: neither {huggingface.WEIGHTS} nor {ctranslate2.WEIGHTS} in this folder; expected {_KINDS}"
    )
