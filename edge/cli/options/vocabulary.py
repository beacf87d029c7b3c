"""Words that are likely to be said, which the command line takes from a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...errors import OptionError
from ...lists import MOST_WORDS, word_list
from ...options import TranscribeOptions
from ..parser import Parser
from .groups import add_settings

_MOST_BYTES = 8_000_000
"""Bytes of a file of words: more than twice what the longest vocabulary takes."""


def add_vocabulary(parser: Parser, title: str) -> None:
    """Declare what is likely to be said."""
    parser.group(title).add_argument(
        "--vocabulary",
        dest="vocabulary_file",
        type=Path,
        metavar="FILE",
        help="file of words and names that are likely to be said, one a line, spelled as they are to be written; one "
        f"is put where the text is in doubt and sounds like it. Up to {MOST_WORDS:,}; # begins a remark",
    )
    add_settings(parser, title, TranscribeOptions, but="vocabulary")


def given_words(args: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """Return the vocabulary as a keyword argument, if there is one; OptionError where its file holds none."""
    return words_of(args.vocabulary_file)


def words_of(path: Path | None) -> dict[str, tuple[str, ...]]:
    """Return the words of a file as a keyword argument, if there is one; OptionError where it holds none."""
    return {} if path is None else {"vocabulary": _read(path)}


def _read(path: Path) -> tuple[str, ...]:
    try:
        if path.exists() and not path.is_file():
            raise OptionError("expected a file of words, found a folder, a pipe or a device")
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise OptionError(f"expected a file of words of at most {_MOST_BYTES / 1e6:.0f} MB, found more")
        lines = data.decode("utf-8-sig").splitlines()
        words = word_list(line for line in lines if not line.lstrip().startswith("#"))
    except UnicodeDecodeError as error:
        raise OptionError(f"{path}: expected UTF-8 text, one word a line ({error.reason})") from None
    except OSError as error:
        raise OptionError(f"{path}: {error.strerror or error}") from error
    except OptionError as error:
        raise OptionError(f"{path}: {error}") from None
    if not words:
        raise OptionError(f"{path}: expected words, one a line, found none")
    return words
