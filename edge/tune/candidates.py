"""The ways of running that are tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from ..names import given_path
from ..options import Context, Vad


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to run: a model, on what, and how."""

    model: str
    """Name, or path of a file."""
    precision: str | None
    """Precision of a model that is given by name; None for a file."""
    threads: int
    beam_size: int = 1
    context: Context = "tail"
    vad: Vad = "auto"

    @property
    def loaded(self) -> tuple[str, str | None, int]:
        """Model, precision and threads: candidates that share them share the weights."""
        return self.model, self.precision, self.threads

    @property
    def text(self) -> Candidate:
        """The candidate of one thread: its words are those of any number of them, bit for bit."""
        return Candidate(self.model, self.precision, 1, self.beam_size, self.context, self.vad)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of a transcription, by name."""
        return {"beam_size": self.beam_size, "context": self.context, "vad": self.vad}

    def __str__(self) -> str:
        detector = {"auto": "", True: ", detector always", False: ", no detector"}[self.vad]
        model = self.model if self.precision is None else f"{self.model} {self.precision}"
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        beams = f"{self.beam_size} beam{'s' if self.beam_size > 1 else ''}"
        return f"{model}, {threads}, {beams}, {self.context} context{detector}"


@dataclass(frozen=True, slots=True)
class Axes:
    """What is combined with what."""

    models: Sequence[str]
    precisions: Sequence[str]
    """Precisions of models that are given by name; a file has its own."""
    threads: Sequence[int]
    beams: Sequence[int] = (1, 5)
    contexts: Sequence[Context] = ("tail", "full")
    detectors: Sequence[Vad] = ("auto",)

    def combined(self) -> list[Candidate]:
        """List all combinations."""
        rest = (self.threads, self.beams, self.contexts, self.detectors)
        return [
            Candidate(model, *values)
            for model in self.models
            for values in product(self.precisions if given_path(model) is None else (None,), *rest)
        ]
