"""The canceller on a loudspeaker that is heard, with someone who speaks into it."""

from __future__ import annotations

import numpy as np
import pytest

from edge.arrays import FloatArray
from edge.assist.echo import NoEcho, open_echo
from edge.assist.voice import Spoken

from .speech import RATE_HZ, is_here, silence, spoken

pytest.importorskip("pywebrtc_audio")

TEXT = "The weather tomorrow is sunny, with a high of twenty degrees. In the evening it may rain."
pytestmark = pytest.mark.skipif(not is_here, reason="no voice: apt install espeak-ng")


def _heard(played: FloatArray, delay_s: float) -> FloatArray:
    """What a microphone hears of it: later, quieter, and with a reflection."""
    room = np.zeros(400, np.float32)
    room[[0, 100, 333]] = 0.5, 0.2, -0.1
    late = np.concatenate([silence(delay_s), np.convolve(played, room).astype(np.float32)])[: len(played)]
    noise = np.random.default_rng(0).normal(0, 1e-3, len(late)).astype(np.float32)
    return late + noise


def _level(samples: FloatArray) -> float:
    return float(10 * np.log10(np.square(samples).mean()))


@pytest.mark.parametrize("delay_s", [0.03, 0.15, 0.3])
def test_what_is_played_is_taken_out_and_who_speaks_stays(delay_s: float) -> None:
    played = spoken(TEXT)
    heard = _heard(played, delay_s)
    at = round(3.5 * RATE_HZ)
    other = spoken("alexa", voice="en-us+f3", before_s=0, after_s=0)
    with_other = heard.copy()
    with_other[at : at + len(other)] += other
    echo = open_echo()
    echo.play(Spoken(played, RATE_HZ))
    left = np.concatenate([echo.clean(with_other[start : start + 500]) for start in range(0, len(with_other), 500)])
    assert echo.is_out
    assert _level(left[RATE_HZ:at]) < _level(heard[RATE_HZ:at]) - 25
    assert _level(left[at : at + len(other)]) > _level(other) - 12


def test_an_echo_that_stays_is_known_to_stay() -> None:
    played = spoken(TEXT)
    echo = open_echo()
    echo.play(Spoken(played, RATE_HZ))
    other = np.roll(_heard(played, 0.0), 3 * RATE_HZ)
    for start in range(0, 2 * RATE_HZ, 500):
        echo.clean(other[start : start + 500])
    assert not echo.is_out


def test_nothing_is_lost_before_and_after() -> None:
    echo = open_echo()
    samples = np.random.default_rng(0).normal(0, 0.1, 5000).astype(np.float32)
    assert np.array_equal(echo.clean(samples), samples)
    echo.play(Spoken(samples[:100], RATE_HZ))
    n_samples = sum(len(echo.clean(samples[:77])) for _ in range(400))
    assert 400 * 77 - 160 < n_samples <= 400 * 77
    assert len(echo.clean(samples)) >= len(samples)


def test_without_the_library_the_sound_is_as_it_is() -> None:
    echo = NoEcho()
    samples = spoken("stop")
    echo.play(Spoken(samples, RATE_HZ))
    assert echo.clean(samples) is samples
    assert not echo.is_out
