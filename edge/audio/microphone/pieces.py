"""Pieces of what a microphone gives: sound, a gap, or a notice for the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ...arrays import FloatArray
from ...gaps import Gap

NoticeKind: TypeAlias = Literal["lost", "back", "muted", "heard", "clipping"]
"""Kind of a notice: nothing comes any more, it comes again, exact silence comes, sound comes again, it is too loud."""


@dataclass(frozen=True, slots=True)
class Captured:
    """Sound that follows what came before without a break, unless a `Gap` came between."""

    samples: FloatArray
    """Samples (n_samples,), mono at 16 kHz; none where nothing has come for a tenth of a second."""
    start: int
    """Index of the first sample, counted at 16 kHz from the beginning, gaps included."""

    @property
    def end(self) -> int:
        """Index of the sample that would come next."""
        return self.start + len(self.samples)


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence on the state of the microphone, which the user should read while there is time to act."""

    kind: NoticeKind
    at: float
    """Seconds from the beginning of the recording."""
    text: str


Piece: TypeAlias = Captured | Gap | Notice
"""Sound, something that is missing, or a notice."""
