"""The sample of a moment, and when a microphone gives sound."""

from __future__ import annotations

import numpy as np

from edge.audio.microphone import Captured
from edge.dictate.moments import Moments, Steadiness

ZEROS = np.zeros(320, np.float32)
SOUND = np.linspace(0, 0.1, 320, dtype=np.float32)


def test_before_any_sound_it_is_the_first_sample() -> None:
    assert Moments().sample_at(12.0) == 0


def test_what_came_soonest_tells_how_the_clocks_stand() -> None:
    moments = Moments()
    late_s = [0.08, 0.03, 0.2, 0.05, 0.03]
    for number, each_s in enumerate(late_s, 1):
        moments.note(number * 1600, 50.0 + number * 0.1 + each_s)
    assert abs(moments.sample_at(50.53) - 8000) <= 16
    assert moments.sample_at(10.0) == 0


def test_clocks_that_part_are_followed() -> None:
    moments = Moments()
    for number in range(1, 3601):  # the computer's is faster by 0.05 %
        moments.note(number * 16000, number * 1.0005)
    assert abs(moments.sample_at(3601.8) - 3600 * 16000) <= 160


def test_sound_is_steady_after_a_few_pieces() -> None:
    steady = Steadiness()
    found = []
    for samples in (ZEROS, ZEROS, SOUND, ZEROS, SOUND):
        steady.feed(Captured(samples, 0))
        found.append((steady.is_real, steady.is_steady))
    assert found == [(False, False), (False, False), (True, False), (True, False), (True, True)]
    steady.lose()
    assert not steady.is_real
