"""Detection error trade-off: what a wake word misses, against what it hears by mistake, at each threshold.

Sound is scored once. A detection at another threshold is then what the spotter itself makes of the same scores; what
the recogniser said of a piece of sound is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge.arrays import FloatArray
from edge.wake import Score, Spotter, WakeWord
from edge.wake.spotter import Check

BLOCK = 1600
"""Samples that are fed at a time."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Sound, and the scores that a detector gave for each block of it."""

    samples: FloatArray
    scores: tuple[tuple[Score, ...], ...]


@dataclass(frozen=True, slots=True)
class Point:
    """What happens at a threshold."""

    threshold: float
    missed: dict[str, float]
    """Share of the clips that is missed, by condition."""
    accepts: int
    """Detections where nobody said the phrase."""
    checks: int
    """Times that the recogniser was asked there."""


def score(word: WakeWord, samples: FloatArray) -> Scored:
    """Score sound by a detector that has heard nothing yet."""
    return Scored(samples, tuple(tuple(word.feed(block)) for block in _blocks(samples)))


class Remembered:
    """A check that is asked once about each piece of sound."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._known: dict[tuple[int, float], bool] = {}
        self.n_asked = 0
        """Times that it was asked, also about what was known."""

    def __call__(self, samples: FloatArray, score: float) -> bool:
        """Whether it is the phrase."""
        self.n_asked += 1
        key = hash(samples.tobytes()), score
        if key not in self._known:
            self._known[key] = self._check(samples, score)
        return self._known[key]


def curve(
    make: Callable[[], WakeWord],
    begin: Callable[[WakeWord, float], Spotter],
    check: Remembered | None,
    clips: Mapping[str, Sequence[FloatArray]],
    others: Sequence[FloatArray],
    thresholds: Sequence[float],
) -> list[Point]:
    """Measure at each threshold: misses of clips, by condition, and accepts in sound without the phrase.

    `make` makes the detector, `begin` begins to hear it at a threshold, with `check` where there is one.
    """
    said = {name: [score(make(), clip) for clip in each] for name, each in clips.items()}
    unsaid = [score(make(), samples) for samples in others]
    points = []
    for threshold in thresholds:
        missed = {
            name: sum(not _n_detections(begin(_Again(make(), each), threshold), each) for each in scored) / len(scored)
            for name, scored in said.items()
        }
        before = 0 if check is None else check.n_asked
        accepts = sum(_n_detections(begin(_Again(make(), each), threshold), each) for each in unsaid)
        points.append(Point(threshold, missed, accepts, 0 if check is None else check.n_asked - before))
    return points


def _n_detections(spotter: Spotter, scored: Scored) -> int:
    return sum(len(spotter.feed(block)) for block in _blocks(scored.samples))


def _blocks(samples: FloatArray) -> Iterator[FloatArray]:
    return (samples[at : at + BLOCK] for at in range(0, len(samples), BLOCK))


class _Again:
    """A detector that gives the scores that were given before (edge.wake.protocol.WakeWord)."""

    def __init__(self, word: WakeWord, scored: Scored) -> None:
        self.phrase, self.threshold = word.phrase, word.threshold
        self._scores = iter(scored.scores)

    def feed(self, samples: FloatArray) -> list[Score]:
        """Take a block; gives its scores."""
        return list(next(self._scores))

    def reset(self) -> None:
        """Do nothing: sound without gaps is never reset."""
