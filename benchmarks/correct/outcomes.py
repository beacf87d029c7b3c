"""What edits do to the words of recordings whose words are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edge.bench.intervals import drawn_rates, interval
from edge.bench.scoring import normalizer
from edge.correct.edits import Edit, edited
from edge.correct.gate import Weights, choose
from edge.correct.settings import Strength

from .evidence import Heard, JudgedText


class Scored:
    """A recording with its reference, in which segments are edited and the errors counted."""

    def __init__(self, heard: Heard) -> None:
        self.heard = heard
        self._reference = normalized(heard.reference or "")
        self._parts = [normalized(text) for text in heard.segments]
        self._known: dict[tuple[int, tuple[Edit, ...]], int] = {}
        self.n_words = len(self._reference)
        self.errors = self._distance(self._parts)

    def change(self, one: JudgedText, edits: Sequence[Edit]) -> int:
        """Count the errors that edits of a segment add; fewer than none where they take some away."""
        if not edits:
            return 0
        key = one.number, tuple(edits)
        if key not in self._known:
            parts = list(self._parts)
            parts[one.number] = normalized(edited(self.heard.segments[one.number], edits))
            self._known[key] = self._distance(parts) - self.errors
        return self._known[key]

    def _distance(self, parts: Iterable[Sequence[str]]) -> int:
        import jiwer

        said = [word for part in parts for word in part]
        if not said or not self._reference:
            return max(len(said), self.n_words)
        found = jiwer.process_words(" ".join(self._reference), " ".join(said))
        return int(found.substitutions + found.deletions + found.insertions)


@lru_cache(1 << 16)
def normalized(text: str) -> tuple[str, ...]:
    """Split an English text into words as they are compared."""
    return tuple(normalizer("en")(text).split())


@dataclass(frozen=True, slots=True)
class Outcome:
    """A recording after correction."""

    set: str
    n_words: int
    segments: int
    before: int
    """Errors of the text as it was read."""
    changes: tuple[int, ...]
    """Errors that were added in each segment that was edited."""

    @property
    def change(self) -> int:
        """Errors that were added."""
        return sum(self.changes)


def outcome(scored: Scored, weights: Weights, strength: Strength) -> Outcome:
    """Make the edits of a recording that pass the gate, and count what they do."""
    edits = [(one, choose(one.case, weights, strength)) for one in scored.heard.judged]
    changes = tuple(scored.change(one, made) for one, made in edits if made)
    heard = scored.heard
    return Outcome(heard.set, scored.n_words, len(heard.segments), scored.errors, changes)


class Tally:
    """Counts over recordings."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.recordings = len(outcomes)
        self.segments = sum(one.segments for one in outcomes)
        self.better = sum(change < 0 for one in outcomes for change in one.changes)
        self.worse = sum(change > 0 for one in outcomes for change in one.changes)
        self.right = sum(not one.before for one in outcomes)
        self.broken = sum(not one.before and one.change > 0 for one in outcomes)
        words = np.array([one.n_words for one in outcomes], np.float64)
        changes = np.array([one.change for one in outcomes], np.float64)
        self.change = int(changes.sum())
        self.rate = sum(one.before for one in outcomes) / max(words.sum(), 1)
        self.rate_after = self.rate + self.change / max(words.sum(), 1)
        self._changes, self._words = changes, words

    def interval(self) -> tuple[float, float]:
        """Draw recordings again and again; the 95 % interval of the change of the rate."""
        return interval(drawn_rates(self._changes, self._words, np.random.default_rng(0)))
