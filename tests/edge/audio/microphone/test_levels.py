"""What the user should be told of a microphone's level is told in time, and once."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from edge.arrays import FloatArray
from edge.audio.microphone.levels import LevelWatch, level_of
from edge.audio.microphone.pieces import Captured, Notice
from edge.gaps import Gap

RNG = np.random.default_rng(3)


def hum(seconds: float, amplitude: float = 1e-4) -> FloatArray:
    """A quiet room."""
    return (amplitude * RNG.standard_normal(round(seconds * 16000))).astype(np.float32)


def told(*sounds: FloatArray | Gap) -> list[tuple[str, float]]:
    watch, at = LevelWatch(), 0
    notices: list[Notice] = []
    for sound in sounds:
        if isinstance(sound, Gap):
            notices += watch.feed(sound)
            continue
        for start in range(0, len(sound), 320):
            notices += watch.feed(Captured(sound[start : start + 320], at + start))
        at += len(sound)
    return [(notice.kind, round(notice.at, 2)) for notice in notices]


def test_levels_are_in_decibels_of_full_scale() -> None:
    level = level_of(np.array([0.5, -0.5, 0.5, -0.5], np.float32))
    assert level.rms_dbfs == pytest.approx(-6.02, abs=0.01)
    assert level.peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert not level.is_clipped
    assert level_of(np.ones(10, np.float32)).is_clipped


@pytest.mark.parametrize("n_samples", [0, 100])
def test_exact_silence_has_no_level(n_samples: int) -> None:
    level = level_of(np.zeros(n_samples, np.float32))
    assert (level.rms_dbfs, level.peak_dbfs) == (-inf, -inf)


@pytest.mark.parametrize("value", [0.0, 0.01])
def test_a_muted_microphone_is_said_within_a_second_and_once(value: float) -> None:
    muted = np.full(16000 * 5, value, np.float32)
    assert told(hum(1), muted, hum(1)) == [("muted", 1.8), ("heard", 6.02)]


def test_a_quiet_room_is_not_muted() -> None:
    assert told(hum(60, 2e-5)) == []


def test_short_silences_are_not_muted() -> None:
    gate = np.zeros(16000 // 2, np.float32)
    assert told(*(sound for _ in range(10) for sound in (hum(0.3), gate))) == []


def test_silence_on_both_sides_of_a_gap_is_not_added_up() -> None:
    half = np.zeros(16000 // 2, np.float32)
    assert told(half, Gap(0.5, 2, "", "lost"), half) == []


def test_a_loud_microphone_is_said_once_in_half_a_minute() -> None:
    loud = np.clip(hum(40, 2.0), -1, 1)
    assert [kind for kind, _ in told(loud)] == ["clipping", "clipping"]
    assert told(hum(10, 0.1)) == []
