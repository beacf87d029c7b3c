"""Reads a recording in parts that may be read anywhere: its outline, then each part, and the whole of them.

Each part decodes the recording from its beginning, so that its samples are those of the whole, whatever the file is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ..arrays import FloatArray
from ..audio import AudioSource
from ..audio.mono import SAMPLE_RATE_HZ
from ..listen.pauses import Piece
from ..sections import Outline, Told
from ..transcript.events import Event, Final
from .parallel import Cutter, Sections
from .whole import Whole

_MOST_SAMPLES = 60 * SAMPLE_RATE_HZ
"""Samples of a piece of a section without a pause."""


def outline_of(
    source: AudioSource, cutter: Cutter, sections: Sections, language: str | None, *, finds_language: bool
) -> Outline:
    """Find the sections of a recording; where the language is to be found, the first of them are read for it."""
    edges, told, n_samples, n_told = [0], list[Told](), 0, 0
    for piece in _pieces(source, cutter):
        n_samples += len(piece.samples)
        if piece.is_last:
            edges.append(n_samples)
        if finds_language and language is None:
            told += sections.put(piece)
            if piece.is_last:
                told += sections.take(n_left=0)
                language, n_told = _language_of(told), n_told + 1
    return Outline(tuple(edges), source.peak, tuple(source.gaps), language, tuple(told), n_told)


def read_between(source: AudioSource, edges: Sequence[int], sections: Sections) -> tuple[Told, ...]:
    """Read the sections between edges, the first of which is where `sections` begin."""
    cutter, told = KnownCutter(edges), list[Told]()
    for block in source:
        told += [one for piece in cutter.feed(block) for one in sections.put(piece)]
        if cutter.is_done:
            break
    told += [one for piece in cutter.finish() for one in sections.put(piece)]
    return (*told, *sections.take(n_left=0))


def joined(told: Iterable[Told], language: str | None) -> list[Event]:
    """Give the events of a recording that is told of section by section; `language` is the one that was given.

    Raises:
        Exception: the last error of a section, where all failed.
    """
    whole = Whole(language)
    events = [event for one in told for event in whole.take(one)]
    return [*events, whole.end()]


class KnownCutter:
    """A cutter that cuts at known samples, and passes over what is before the first and behind the last of them."""

    def __init__(self, edges: Sequence[int]) -> None:
        self._edges = list(edges)
        self._n_seen = 0
        self._blocks: list[FloatArray] = []
        self._n_waiting = 0

    @property
    def is_done(self) -> bool:
        """Whether all sections are whole."""
        return len(self._edges) < 2

    def feed(self, samples: FloatArray) -> Iterator[Piece]:
        """Take the next samples (n_samples,) of the recording, and give those of a section that are enough."""
        while len(samples) and not self.is_done:
            first, stop = self._edges[:2]
            skipped = min(max(first - self._n_seen, 0), len(samples))
            taken = samples[skipped : skipped + max(stop - max(self._n_seen, first), 0)]
            self._n_seen += skipped + len(taken)
            samples = samples[skipped + len(taken) :]
            self._blocks.append(taken)
            self._n_waiting += len(taken)
            if self._n_seen >= stop:
                del self._edges[0]
                yield self._piece(is_last=True)
            elif self._n_waiting >= _MOST_SAMPLES:
                yield self._piece(is_last=False)

    def finish(self) -> Iterator[Piece]:
        """Give sections without samples, at the end of the recording."""
        while not self.is_done:
            del self._edges[0]
            yield self._piece(is_last=True)

    def _piece(self, *, is_last: bool) -> Piece:
        samples = np.concatenate([*self._blocks, np.zeros(0, np.float32)])
        self._blocks, self._n_waiting = [], 0
        return Piece(samples, is_last)


def _pieces(source: AudioSource, cutter: Cutter) -> Iterator[Piece]:
    for block in source:
        yield from cutter.feed(block)
    yield from cutter.finish()


def _language_of(told: Iterable[Told]) -> str | None:
    """Return the language of the first text; None before there is any."""
    finals = (event for one in told for event in one.events if isinstance(event, Final))
    return next((event.segment.language for event in finals), None)
