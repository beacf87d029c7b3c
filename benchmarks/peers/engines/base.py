"""What every engine of the comparison offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.bench.parts import Parts

from ...errors import BenchmarkError

Samples = NDArray[np.float32]
"""(n_samples,) mono at 16 kHz."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How an engine is asked to work; the same for all engines of a run."""

    precision: str
    """Precision of the weights, one of the engine's own."""
    threads: int
    """Threads the engine may use."""
    beam: int = 1
    """Beams of the search; 1 is greedy at temperature 0."""
    timestamps: bool = False
    """Whether the engine decodes segment times."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What one engine alone knows, by the names in its `EngineKind.options`."""
    words: bool = False
    """Whether it also tells when each word is said; for engines with `times_words`."""

    @property
    def beams(self) -> int:
        """Beams of this engine: its option `beam`, else those of the run."""
        given = self.options.get("beam", str(self.beam))
        if not given.isdecimal() or int(given) < 1:
            raise BenchmarkError(f"beam={given}; expected a number of 1 or more")
        return int(given)


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word and when it is said, in seconds."""

    text: str
    """With the blank in front of it: joined, the words are the text."""
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine made of a recording."""

    text: str
    parts: Parts | None = None
    """None where the engine does not tell."""
    words: tuple[TimedWord, ...] = ()
    """Where they were asked for."""


class Transcriber(Protocol):
    """A loaded model."""

    def transcribe(self, samples: Samples, language: str | None) -> Answer:
        """The words of one recording; None lets a model of several languages detect which it is."""
        ...


@dataclass(frozen=True, slots=True)
class EngineKind:
    """One engine: where its weights come from and how it is loaded."""

    name: str
    packages: tuple[str, ...]
    """Distributions whose versions belong into the result."""
    precisions: tuple[str, ...]
    """What may follow the colon in `--engines name:precision`; the first is the default."""
    weights: Callable[[str, str, Path], Path]
    """(model, precision, folder for temporary files) -> the file or folder that `load` opens."""
    load: Callable[[Path, EngineSettings], Transcriber]
    """Opens the weights. Imports its package inside, so that each child process holds one engine only."""
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What may follow the precision as `:option=value`, with the values that are possible; () for any."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Options that the engine reads from its environment, and from which variable."""
    times_words: bool = False
    """Whether it can tell when each word is said."""


def join_segments(texts: list[str]) -> str:
    """Segments as one line."""
    return " ".join(text.strip() for text in texts).strip()
