"""Measures how fast a language model reads and writes, where one is here."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from ..gguf.file import open_gguf
from ..llm.file import check_file
from ..llm.loading import load_language_model
from ..llm.model import LanguageModel
from ..llm.names import DEFAULT_LANGUAGE_MODEL
from ..progress import Progress
from ..store import Store

_READ, _WRITTEN = 128, 32
"""Tokens that are read at once, and written one after the other behind them."""
_BYTES = {"f32": 4.0, "int8": 1.0, "int4": 0.5}
"""Bytes of a weight, scales left out."""


@dataclass(frozen=True, slots=True)
class LanguageTimes:
    """Times of one language model."""

    model: str
    precision: str
    threads: int
    n_bytes: int
    """Bytes of the weights that each token that is written reads, scales left out."""
    n_read: int
    """Tokens that were read at once."""
    n_written: int
    """Tokens that were written one after the other."""
    read_s: tuple[float, ...]
    """Times of reading, one for each round."""
    written_s: tuple[float, ...]
    """Times of writing, one for each round."""


def measure_language(threads: int, rounds: int, progress: Progress) -> LanguageTimes | None:
    """Measure the usual language model; None where it was never fetched, which is done on request alone."""
    if not Store().is_here(DEFAULT_LANGUAGE_MODEL):
        return None
    model = load_language_model(threads=threads, offline=True)
    tokens = [int(token) for token in np.random.default_rng(0).integers(100, 10_000, _READ)]
    read_s, written_s = [], []
    _round(model, tokens)
    for number in range(rounds):
        progress(f"tokens of {model.name}", number, rounds)
        one = _round(model, tokens)
        read_s.append(one[0])
        written_s.append(one[1])
    return LanguageTimes(
        model=model.name,
        precision=model.precision,
        threads=threads,
        n_bytes=round(check_file(open_gguf(model.path)).dims.n_read * _BYTES[model.precision]),
        n_read=_READ,
        n_written=_WRITTEN,
        read_s=tuple(read_s),
        written_s=tuple(written_s),
    )


def _round(model: LanguageModel, tokens: list[int]) -> tuple[float, float]:
    state = model.new_state()
    began = time.perf_counter()
    logits = state.read(tokens)
    read = time.perf_counter()
    for _ in range(_WRITTEN):
        logits = state.read([int(np.argmax(logits))])
    return read - began, time.perf_counter() - read
