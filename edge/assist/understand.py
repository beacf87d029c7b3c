"""Reads commands: listed sentences where they are one, and other words where those are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from ..sentences import Sentences, load, recognize
from .ear import NOTHING, Heard, Read

if TYPE_CHECKING:
    from ..recognizer import Recognizer

_OWN = Path(__file__).parent / "sentences"
_MOST_SAMPLES = 30 * SAMPLE_RATE_HZ


def load_sentences(
    files: Iterable[str | Path], language: str, lists: Mapping[str, list[Any]] | None = None
) -> Sentences:
    """Load the assistant's own sentences and others; `lists` has the names of things.

    Raises:
        OptionError: there is no such file, or a library is missing.
        FormatError: a file is none of sentences.
    """
    own = _OWN / f"{language}.yaml"
    return load(*([own] if own.exists() else []), *files, lists=lists, language=language)


def reader(model: Recognizer, sentences: Sentences, *, free: bool) -> Read:
    """Make the function that reads a command; with `free`, other words than the sentences are words too."""

    def read(samples: FloatArray) -> Heard:
        found = recognize(model, samples[-_MOST_SAMPLES:], sentences)
        if found.kind == "nothing" or (found.kind == "free" and not free):
            return NOTHING
        return Heard(found.kind, found.text, found.intent or "", found.slots)

    return read
