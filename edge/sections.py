"""Sections of a recording between its pauses, which are read apart and put together in order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from .gaps import Gap
from .transcript.events import Event


@dataclass(frozen=True, slots=True)
class Told:
    """Part of what is found in one section, or all of it."""

    first: int
    """Number of the sample of the recording with which the section begins."""
    n_samples: int
    """Samples of the section so far; all of them where it ends."""
    events: tuple[Event, ...]
    """Events as if the section were a recording of its own; the last of the section is an `End`."""
    failure: Exception | None = None
    """Error because of which nothing of the section could be read."""


@dataclass(frozen=True, slots=True)
class Outline:
    """All that has to be known of a recording to read its sections apart."""

    edges: tuple[int, ...]
    """Numbers of the samples at which a section begins, and that of all samples at the end."""
    peak: float
    """Magnitude of the loudest sample."""
    gaps: tuple[Gap, ...]
    """Stretches that are missing, as the file is damaged."""
    language: str | None
    """Code of the language to read in; None detects it in each section."""
    told: tuple[Told, ...]
    """Events of the first sections, which had to be read to learn the language."""
    n_told: int
    """Number of these sections."""

    def part(self, number: int, n_parts: int) -> tuple[int, ...]:
        """Return the edges of one of `n_parts` parts of what is left to read; fewer than two where it is empty."""
        sections = list(pairwise(self.edges))[self.n_told :]
        mine = sections[number * len(sections) // n_parts : (number + 1) * len(sections) // n_parts]
        return (*(first for first, _ in mine), mine[-1][1]) if mine else ()
