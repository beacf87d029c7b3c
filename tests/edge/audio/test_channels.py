from __future__ import annotations

import logging

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.audio.channels import mix

RNG = np.random.default_rng(3)
ONE, OTHER = (RNG.standard_normal(50000).astype(np.float32).cumsum() for _ in range(2))
ONE, OTHER = ((sound - np.convolve(sound, np.ones(99) / 99, "same")).astype(np.float32) / 10 for sound in (ONE, OTHER))


def mixed(*channels: NDArray[np.float32]) -> NDArray[np.float32]:
    return next(mix(iter([np.stack(channels, axis=1)]), "clip"))


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def test_one_channel_passes_and_several_are_averaged() -> None:
    np.testing.assert_array_equal(mixed(ONE), ONE)
    both = np.stack([ONE, OTHER], axis=1)
    np.testing.assert_array_equal(mixed(ONE, OTHER), both.mean(axis=1, dtype=np.float32))
    np.testing.assert_array_equal(mixed(ONE, 0 * ONE), ONE / 2)
    assert not mixed(0 * ONE, 0 * ONE).any()


@pytest.mark.parametrize(
    "channels",
    [
        (ONE, -ONE),
        (-ONE, 0.8 * ONE),
        (ONE + 0.4, -ONE + 0.4),
        (ONE + 0.3 * OTHER, -ONE + 0.3 * OTHER),
        (ONE, -ONE, ONE, -ONE),
        (ONE, -0.5 * ONE, -0.5 * ONE),
        (ONE, -ONE, 0 * ONE),
    ],
)
def test_channels_that_cancel_are_turned(
    channels: tuple[NDArray[np.float32], ...], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "edge"):
        result = mixed(*channels)
    assert abs(likeness(result, ONE)) > 0.95
    assert np.abs(result).max() > 0.4 * np.abs(ONE).max()
    assert "clip: its channels are out of phase" in caplog.text


def test_two_speakers_are_both_heard_when_one_channel_has_the_other_upside_down() -> None:
    result = mixed(ONE, 0.6 * OTHER - ONE)
    assert abs(likeness(result, ONE)) > 0.8
    assert abs(likeness(result, OTHER)) > 0.2


def test_turned_channels_stay_turned_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    opposed = np.stack([ONE, -ONE], axis=1)
    blocks = [opposed, 0 * opposed, opposed, np.stack([ONE, ONE], axis=1)]
    with caplog.at_level(logging.WARNING, "edge"):
        first, silence, third, fourth = mix(iter(blocks), "clip")
    np.testing.assert_array_equal(first, ONE)
    np.testing.assert_array_equal(third, ONE)
    np.testing.assert_array_equal(fourth, ONE)
    assert not silence.any()
    assert caplog.text.count("out of phase") == 1


def test_short_blocks_are_judged_by_what_came_before_as_well() -> None:
    """A moment in which two voices happen to move against each other turns neither of them."""
    n = 320
    whole = np.stack([ONE, OTHER], axis=1)
    against = whole.copy()
    against[20000 : 20000 + n, 1] = -ONE[20000 : 20000 + n]
    short = np.concatenate(list(mix((against[at : at + n] for at in range(0, len(against), n)), "clip")))
    np.testing.assert_allclose(short, against.mean(axis=1), atol=1e-6)


def test_channels_that_cancel_are_turned_in_short_blocks_too() -> None:
    whole = np.stack([ONE, -ONE], axis=1)
    short = np.concatenate(list(mix((whole[at : at + 320] for at in range(0, len(whole), 320)), "clip")))
    assert abs(likeness(short, ONE)) > 0.95
