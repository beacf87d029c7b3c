"""The detector of a wake word, by its name."""

from __future__ import annotations

from pathlib import Path

from ..errors import OptionError
from .examples import ExampleWord, load_examples
from .protocol import WakeWord
from .ready import PHRASES, ReadyWord

SUFFIX = ".npz"


def word_path(folder: Path, phrase: str) -> Path:
    """Return the file of a wake word of the user's own."""
    return folder / f"{'_'.join(phrase.lower().split())}{SUFFIX}"


def own_words(folder: Path) -> list[str]:
    """List the names of the wake words that the user made."""
    return sorted(path.stem for path in folder.glob(f"*{SUFFIX}"))


def open_word(name: str, folder: Path) -> WakeWord:
    """Open a wake word: one that the user made, by its name or its phrase, a ready one, or the file of one.

    Raises:
        OptionError: there is none of this name, or a library is missing.
        FormatError: its file is damaged.
    """
    own = word_path(folder, name)
    if own.exists():
        return ExampleWord(load_examples(own))
    if name.endswith(SUFFIX):
        return ExampleWord(load_examples(Path(name).expanduser()))
    if name not in PHRASES and not Path(name).is_file():
        there = ", ".join((*PHRASES, *own_words(folder)))
        raise OptionError(f"there is no wake word {name!r}; there are {there}, and `edgewise wake enrol` makes others")
    return ReadyWord(name)
