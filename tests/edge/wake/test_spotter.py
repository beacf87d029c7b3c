from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edge.arrays import FloatArray
from edge.wake import Score, Spotter

BLOCK = np.zeros(1600, np.float32)


@dataclass
class Scripted:
    """A detector whose scores stand in a list, one a block."""

    scores: list[float]
    phrase: str = "computer"
    threshold: float = 0.5
    at: int = 0
    resets: list[int] = field(default_factory=list)

    def feed(self, samples: FloatArray) -> list[Score]:
        self.at += len(samples)
        return [Score(self.at, self.scores.pop(0))] if self.scores else []

    def reset(self) -> None:
        self.resets.append(self.at)


def test_a_phrase_is_detected_once_and_again_after_a_rest() -> None:
    spotter = Spotter(Scripted([0.1, 0.9, 0.9] + [0.0] * 19 + [0.8]))
    found = [each for _ in range(23) for each in spotter.feed(BLOCK)]
    assert [(each.phrase, each.at, each.score) for each in found] == [("computer", 3200, 0.9), ("computer", 36800, 0.8)]


def test_the_users_threshold_replaces_that_of_the_detector() -> None:
    assert Spotter(Scripted([0.4]), threshold=0.3).feed(BLOCK)
    assert not Spotter(Scripted([0.9]), threshold=0.95).feed(BLOCK)


def test_what_the_check_refuses_is_no_detection_and_it_hears_what_came_before() -> None:
    heard: list[FloatArray] = []

    def check(samples: FloatArray, score: float) -> bool:
        heard.append(samples)
        return len(heard) > 1

    spotter = Spotter(Scripted([0.0, 0.6, 0.9] + [0.0] * 5 + [0.9] * 3), check=check)
    pieces = [np.full(1600, level, np.float32) for level in (0.1, 0.2, 0.3, 0.4)]
    assert not [each for piece in pieces for each in spotter.feed(piece)]
    assert np.array_equal(heard[0], np.concatenate(pieces))  # and a moment of what follows, for the end of the phrase
    found = [each for _ in range(7) for each in spotter.feed(BLOCK)]
    assert [(each.at, each.score) for each in found] == [(1600 * 11, 0.9)]


def test_what_is_sure_is_not_checked_even_at_once_after_a_refusal() -> None:
    asked: list[int] = []

    def refuse(samples: FloatArray, score: float) -> bool:
        asked.append(len(samples))
        return False

    spotter = Spotter(Scripted([0.6, 0.7, 0.7, 0.7, 0.7, 0.95] + [0.95] * 3), check=refuse, sure=0.9)
    found = [each for _ in range(9) for each in spotter.feed(BLOCK)]
    assert [(each.at, each.score) for each in found] == [(1600 * 6, 0.95)]
    assert len(asked) == 1


def test_a_gap_is_passed_on_to_the_detector() -> None:
    word = Scripted([0.0])
    spotter = Spotter(word)
    spotter.feed(BLOCK)
    spotter.reset()
    assert word.resets == [1600]
