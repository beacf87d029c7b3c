"""Blocks of any rate and channels come onto one line of samples."""

from __future__ import annotations

import numpy as np
import pytest

from edge.arrays import FloatArray
from edge.audio.microphone.clock import Block, Heard, Lost
from edge.audio.microphone.pieces import Captured
from edge.audio.microphone.tape import Tape
from edge.gaps import Gap

RATES_HZ = [8000, 16000, 44100, 48000, 96000]


def tone(n_frames: int, rate_hz: int, n_channels: int = 1) -> FloatArray:
    wave = 0.5 * np.sin(2 * np.pi * 300 * np.arange(n_frames) / rate_hz)
    return np.repeat(wave[:, None], n_channels, axis=1).astype(np.float32)


def blocks(samples: FloatArray, rate_hz: int, size: int) -> list[Block]:
    return [Block(samples[at : at + size], rate_hz, 0.0) for at in range(0, len(samples), size)]


def taped(*heard: Heard) -> list[Captured | Gap]:
    tape = Tape()
    return [*(piece for each in heard for piece in tape.feed(each)), *tape.cut()]


def joined(pieces: list[Captured | Gap]) -> FloatArray:
    return np.concatenate([piece.samples for piece in pieces if isinstance(piece, Captured)])


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("n_channels", [1, 2, 6])
def test_any_rate_and_channels_become_16_khz_mono(rate_hz: int, n_channels: int) -> None:
    samples = joined(taped(*blocks(tone(rate_hz, rate_hz, n_channels), rate_hz, rate_hz // 50)))
    assert len(samples) == 16000
    np.testing.assert_allclose(samples[800:-800], tone(16000, 16000)[800:-800, 0], atol=2e-3)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_how_blocks_are_cut_makes_no_difference(rate_hz: int) -> None:
    sound = tone(rate_hz, rate_hz)
    one, other = (joined(taped(*blocks(sound, rate_hz, size))) for size in (rate_hz // 50, 617))
    np.testing.assert_array_equal(one, other)


def test_a_loss_cuts_what_follows_from_what_was_before() -> None:
    first, second = (blocks(tone(rate, rate), rate, 480) for rate in (48000, 44100))
    pieces = taped(*first, Lost(2.5, "gone"), *second)
    gap = next(piece for piece in pieces if isinstance(piece, Gap))
    assert gap == Gap(1.0, 3.5, "gone", "lost")
    starts = [piece.start for piece in pieces if isinstance(piece, Captured)]
    assert starts[0] == 0
    assert 3.5 * 16000 in starts
    assert max(piece.end for piece in pieces if isinstance(piece, Captured)) == 4.5 * 16000


def test_what_is_no_number_is_silence_and_whole_blocks_of_it_are_gaps() -> None:
    sound = tone(16000, 16000)
    sound[4100:5000] = np.nan
    pieces = taped(*blocks(sound, 16000, 320))
    gaps = [piece for piece in pieces if isinstance(piece, Gap)]
    assert [(round(gap.start * 16000), round(gap.end * 16000)) for gap in gaps] == [(4160, 4480), (4480, 4800)]
    samples = joined(pieces)
    assert np.isfinite(samples).all()
    assert len(samples) == 16000 - 640
    assert not samples[4100:4160].any()


@pytest.mark.parametrize("n_channels", [2, 4])
def test_channels_that_cancel_each_other_are_heard_within_a_second(n_channels: int) -> None:
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, (48000, 1)).astype(np.float32) * np.ones(n_channels, np.float32)
    sound[:, ::2] *= -1
    samples = joined(taped(*blocks(sound, 16000, 320)))
    assert not samples[: 15 * 1000].any()
    np.testing.assert_allclose(np.abs(samples[16000:]), np.abs(sound[16000:, 0]), atol=1e-6)
