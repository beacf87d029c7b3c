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
"""Sound, (n_samples,) mono at 16 kHz."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Settings of an engine; the same for all engines of a run."""

    precision: str
    """Precision of the weights, one of the engine's own."""
    threads: int
    """Threads the engine may use."""
    beam: int = 1
    """Beams of the search; 1 is greedy at temperature 0."""
    timestamps: bool = False
    """Whether the engine decodes segment times."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Options that one engine alone knows, by the names in its `EngineKind.options`."""
    words: bool = False
    """Whether the engine also tells when each word is said; for engines with `times_words`."""

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
    """Word with the blank in front of it: joined, the words are the text."""
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Transcript that an engine made of a recording."""

    text: str
    parts: Parts | None = None
    """Times of the parts; None where the engine does not report them."""
    words: tuple[TimedWord, ...] = ()
    """Words with their times, where they were asked for."""


class Transcriber(Protocol):
    """A model that an engine has loaded."""

    def transcribe(self, samples: Samples, language: str | None) -> Answer:
        """Write down one recording; None lets a model of several languages detect which it is."""
        ...


@dataclass(frozen=True, slots=True)
class EngineKind:
    """One engine: where its weights come from and how it is loaded."""

    name: str
    packages: tuple[str, ...]
    """Distributions whose versions belong in the result."""
    precisions: tuple[str, ...]
    """Precisions that may follow the colon in `--engines name:precision`; the first is the default."""
    weights: Callable[[str, str, Path], Path]
    """Function (model, precision, folder for temporary files) -> the file or folder that `load` opens."""
    load: Callable[[Path, EngineSettings], Transcriber]
    """Function that opens the weights. It imports its package inside, so that each process holds one engine only."""
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Options that may follow the precision as `:option=value`, with the values that are possible; () for any."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Options that the engine reads from its environment, and from which variable."""
    times_words: bool = False
    """Whether the engine can tell when each word is said."""


def join_segments(texts: list[str]) -> str:
    """Join segments to one line."""
    return " ".join(text.strip() for text in texts).strip()
