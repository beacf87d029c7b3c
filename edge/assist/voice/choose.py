"""The voice that is wanted, or the best that is here."""

from __future__ import annotations

from pathlib import Path

from ...errors import OptionError, OutputError
from .espeak import Espeak
from .piper import Piper
from .protocol import Voice

VOICES = ("auto", "piper", "espeak", "none")


def choose_voice(kind: str, program: str, model: str | None, language: str) -> Voice | None:
    """Return the voice of a kind; None for "none".

    "auto" is Piper where a voice file is named, and eSpeak NG otherwise.

    Raises:
        OutputError: its program or its voice is not here.
    """
    if kind == "none":
        return None
    if kind == "piper" and model is None:
        raise OptionError("voice is piper, and piper_voice names no .onnx file")
    if model is not None and kind != "espeak":
        try:
            return Piper(program, Path(model).expanduser())
        except OutputError:
            if kind == "piper":
                raise
    return Espeak(language)
