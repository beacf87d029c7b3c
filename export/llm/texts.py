"""Texts that show a language model's inputs: a file of the user's, or the prose of Python's own help."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from edge.arrays import IntArray
from edge.errors import OptionError

from ..tools.files import read_limited

LENGTH = 256
"""Tokens of a text."""

N_TEXTS = 32

_MOST_BYTES = 64 << 20
_SHORTEST_PARAGRAPH = 200
_LETTERS = 0.92
"""Least share of letters and blanks in a paragraph that is prose, not code or a table."""


def source_text(path: Path | None) -> str:
    """Read a text file; without one, the prose of the help that comes with every Python.

    Raises:
        OSError: it cannot be read.
    """
    if path is not None:
        return read_limited(path, _MOST_BYTES).decode("utf-8", "replace")
    return "\n".join(_prose())


def cut_texts(tokens: Sequence[int], start: int) -> IntArray:
    """Cut tokens into texts (n_texts, 256) that begin with the token `start`; what is behind the last is left out.

    Raises:
        OptionError: they are fewer than a text needs.
    """
    body = LENGTH - 1
    n = min(len(tokens) // body, N_TEXTS)
    if n == 0:
        raise OptionError(f"expected a text of {body} tokens or more to calibrate on, found {len(tokens)}")
    texts = np.array(tokens[: n * body], np.int32).reshape(n, body)
    return np.concatenate([np.full((n, 1), start, np.int32), texts], axis=1)


def _prose() -> Iterator[str]:
    from pydoc_data.topics import topics

    for topic in sorted(topics):
        for paragraph in topics[topic].split("\n\n"):
            line = re.sub(r"\s+", " ", paragraph)
            letters = sum(character.isalpha() or character == " " for character in line)
            if len(line) > _SHORTEST_PARAGRAPH and line[0].isupper() and letters > _LETTERS * len(line):
                yield line
