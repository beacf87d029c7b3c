"""Misses and false accepts at each threshold are what the spotter makes of the scores; the chart shows them."""

from __future__ import annotations

from functools import partial
from xml.etree import ElementTree

import numpy as np

from benchmarks.wake.chart import Panel, chart
from benchmarks.wake.curves import BLOCK, Remembered, curve
from edge.arrays import FloatArray
from edge.wake import Score, Spotter, WakeWord

QUIET, LOW, HIGH = (np.full(BLOCK * 30, level, np.float32) for level in (0.0, 0.5, 0.9))


class Loud:
    """A detector whose score is how loud the sound is."""

    phrase, threshold = "loud", 0.6

    def __init__(self) -> None:
        self._at = 0

    def feed(self, samples: FloatArray) -> list[Score]:
        self._at += len(samples)
        return [Score(self._at, float(samples.max()))]

    def reset(self) -> None:
        self._at = 0


def begin(word: WakeWord, threshold: float, check: Remembered | None) -> Spotter:
    return Spotter(word, threshold=threshold, check=check)


def test_a_threshold_trades_misses_for_accepts() -> None:
    clips = {"near": [HIGH, HIGH], "far": [LOW, HIGH]}
    points = curve(Loud, partial(begin, check=None), None, clips, [QUIET, LOW], (0.4, 0.6, 0.95))
    assert [(point.missed["near"], point.missed["far"]) for point in points] == [(0, 0), (0, 0.5), (1, 1)]
    assert [point.accepts for point in points] == [2, 0, 0]
    drawn = chart([Panel("loud", points, 0.6, 0.5, (0.05, 0.5))])
    assert [each.text for each in ElementTree.fromstring(drawn).iter() if each.text in ("near", "far", "loud")]


def test_a_check_is_asked_once_about_the_same_sound() -> None:
    heard: list[float] = []

    def refuse(samples: FloatArray, score: float) -> bool:
        heard.append(float(samples.max()))
        return False

    check = Remembered(refuse)
    points = curve(Loud, partial(begin, check=check), check, {"near": [HIGH]}, [LOW], (0.3, 0.4))
    assert [(point.missed["near"], point.accepts) for point in points] == [(1, 0), (1, 0)]
    assert points[0].checks == points[1].checks > 0
    assert len(heard) < check.n_asked
