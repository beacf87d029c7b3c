"""Texts that show a language model's inputs: a file of the user's, or what the model itself writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge.arrays import IntArray
from edge.errors import OptionError
from edge.llm.model import LanguageModel
from edge.progress import Progress, silent

from ..tools.files import read_limited

LENGTH = 256
"""Tokens of a text."""

N_TEXTS = 16

_MOST_BYTES = 64 << 20


def texts_of(model: LanguageModel, path: Path | None, progress: Progress | None = None) -> IntArray:
    """Give texts as tokens (n_texts, 256): the beginning of a file, or without one what the model writes.

    Raises:
        OptionError: the file is shorter than one text.
        OSError: it cannot be read.
    """
    tokens: list[int] = []
    for text in _written(model, progress or silent) if path is None else [_read(path)]:
        tokens += model.tokenizer.encode(text)
    body = LENGTH - 1
    n = min(len(tokens) // body, N_TEXTS)
    if n == 0:
        raise OptionError(f"{path}: expected a text of {body} tokens or more, found {len(tokens)}")
    texts = np.array(tokens[: n * body], np.int32).reshape(n, body)
    return np.concatenate([np.full((n, 1), model.start, np.int32), texts], axis=1)


def _written(model: LanguageModel, tell: Progress) -> Iterator[str]:
    n_tokens, seed, wanted = 0, 0, N_TEXTS * (LENGTH - 1)
    while n_tokens < wanted:
        tell("writing texts to calibrate on", n_tokens, wanted)
        text = "".join(model.generate("", most=LENGTH, temperature=1.0, seed=seed))
        n_tokens, seed = n_tokens + max(len(model.tokenizer.encode(text)), 1), seed + 1
        yield text


def _read(path: Path) -> str:
    return read_limited(path, _MOST_BYTES).decode("utf-8", "replace")
