"""Where speech stands without text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.whisper.features import HOP_SAMPLES
from edge.whisper.sound import Sound
from edge.whisper.trust.coverage import LEAST_FRAMES, PAUSE_FRAMES, first_unread, is_partly_spoken, loud_s, speech_start
from edge.whisper.trust.evidence import Listener, evened

Stretches = list[tuple[int, int]]


class Hears(Listener):
    """Hears speech in the given stretches of frames."""

    def __init__(self, *stretches: tuple[int, int]) -> None:
        self._stretches = list(stretches)
        self._part = (0, 10**6)
        self.asked: list[tuple[int, int]] = []

    def turn_to(self, sound: Sound) -> None:
        self._part = (sound.seek, sound.seek + sound.n_frames)

    def stretches(self) -> Stretches:
        self.asked.append(self._part)
        first, stop = self._part
        return [(max(a, first) - first, min(b, stop) - first) for a, b in self._stretches if b > first and a < stop]


def sound(n_frames: int = 3000, *, loud: tuple[int, int] = (0, 3000), level: float = 0.1) -> Sound:
    """Noise that comes and goes, as loud as `level` between two frames and inaudible elsewhere."""
    rng = np.random.default_rng(1)
    samples = rng.uniform(-1, 1, n_frames * HOP_SAMPLES).astype(np.float32) * level
    frames = np.arange(len(samples)) // HOP_SAMPLES
    samples[(frames < loud[0]) | (frames >= loud[1]) | (frames % 20 < 8)] *= np.float32(1e-6)
    return Sound(0, n_frames, np.zeros((n_frames, 80), np.float32), samples, n_frames / 100)


def test_speech_behind_the_text_is_found_with_a_lead() -> None:
    assert first_unread(sound(), [(0, 1000)], 0, 3000, Hears((0, 1000), (1500, 2000))) == (1480, 2020)


def test_speech_before_and_between_texts_is_found_first() -> None:
    heard = Hears((0, 400), (600, 900), (1100, 1400), (1800, 2500))
    assert first_unread(sound(), [(600, 900), (1800, 2500)], 0, 3000, heard) == (0, 420)
    assert first_unread(sound(), [(0, 400), (600, 900), (1800, 2500)], 0, 3000, heard) == (1080, 1420)


def test_what_is_near_a_text_or_short_belongs_to_it() -> None:
    assert first_unread(sound(), [(0, 1000)], 0, 3000, Hears((0, 1060))) is None
    assert first_unread(sound(), [(0, 1000)], 0, 3000, Hears((0, 1000), (1500, 1500 + LEAST_FRAMES - 1))) is None


def test_a_stretch_ends_at_a_pause_or_a_text() -> None:
    heard = Hears((1500, 1700), (1750, 1900), (1900 + PAUSE_FRAMES + 1, 2900))
    assert first_unread(sound(), [(0, 1000)], 0, 3000, heard) == (1480, 1920)
    assert first_unread(sound(), [(0, 1000), (1800, 2900)], 0, 3000, heard) == (1480, 1800)


def test_speech_that_goes_on_where_a_text_ends_is_read_from_there() -> None:
    assert first_unread(sound(), [(0, 1000)], 0, 3000, Hears((0, 2000))) == (1000, 2020)


def test_only_what_is_audible_and_long_enough_is_listened_to() -> None:
    heard = Hears((0, 3000))
    assert first_unread(sound(loud=(0, 1000)), [(0, 1000)], 0, 3000, heard) is None
    assert first_unread(sound(), [(0, 2980)], 0, 3000, heard) is None
    assert not heard.asked
    assert first_unread(sound(level=1e-3), [(0, 1000)], 0, 3000, heard) is not None, "a quiet voice"
    assert heard.asked == [(930, 3000)], "what has text is not listened to"


@given(st.lists(st.tuples(st.integers(0, 2900), st.integers(1, 900)), max_size=6), st.integers(0, 3000))
def test_what_is_found_is_in_the_sound_and_not_in_a_text(parts: Stretches, begin: int) -> None:
    texts: Stretches = []
    for first, length in sorted(parts):
        if not texts or first >= texts[-1][1]:
            texts.append((first, min(first + length, 3000)))
    found = first_unread(sound(), texts, begin, 3000, Hears((0, 3000)))
    if found is not None:
        first, stop = found
        assert 0 <= first < stop <= 3000
        assert all(stop <= a or first >= b for a, b in texts)


def test_partly_spoken_means_that_a_pause_can_be_left_out() -> None:
    whole = sound(1000)
    assert not is_partly_spoken(whole, Hears())
    assert not is_partly_spoken(whole, Hears((50, 950)))
    assert is_partly_spoken(whole, Hears((300, 1000)))
    assert is_partly_spoken(whole, Hears((0, 300), (500, 1000)))
    assert is_partly_spoken(whole, Hears((0, 700)))
    assert speech_start(whole, Hears((300, 1000))) == 280
    assert speech_start(whole, Hears()) is None


def test_what_is_loud_is_counted_where_there_is_a_pause() -> None:
    quiet = np.full(16000 * 2, 1e-4, np.float32)
    loud = np.full(16000, 0.1, np.float32)
    assert loud_s(np.concatenate([loud, quiet, loud]), 1.0) == pytest.approx(2.0)
    assert loud_s(np.concatenate([loud, quiet[:8000], loud]), 1.0) is None
    assert loud_s(loud[:100], 1.0) is None


def test_evening_out_makes_quiet_parts_loud_and_never_clips() -> None:
    rng = np.random.default_rng(2)
    levels = np.repeat([0.5, 0.5, 1e-3, 1e-3, 1e-3, 0.9, 0.9, 0.0, 0.0, 0.0], 8000)
    samples = (rng.uniform(-1, 1, len(levels)) * levels).astype(np.float32)
    even = evened(samples)
    assert even.dtype == np.float32
    assert np.abs(even).max() <= 1
    assert np.abs(even[3 * 8000 : 4 * 8000]).max() == pytest.approx(0.3, rel=0.05)
    assert not even[8 * 8000 :].any()
    np.testing.assert_array_equal(evened(np.zeros(0, np.float32)), np.zeros(0, np.float32))
