"""The detector of a wake word, by its name."""

from __future__ import annotations

from .protocol import WakeWord
from .ready import ReadyWord


def open_word(name: str) -> WakeWord:
    """Open a ready phrase, or the file of one.

    Raises:
        OptionError: there is none of this name, or a library is missing.
        FormatError: its file is damaged.
    """
    return ReadyWord(name)
