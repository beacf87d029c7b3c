from __future__ import annotations

import io
import logging
from collections.abc import Callable

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.audio import AudioInput, open_audio
from edge.errors import AudioError

RATE_HZ = 16000
SPEECH = (0.2 * np.sin(np.arange(10 * RATE_HZ) / 9) * (np.arange(10 * RATE_HZ) % 8000 / 8000)).astype(np.float32)


def as_file(samples: NDArray[np.float32]) -> AudioInput:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE_HZ, format="WAV", subtype="FLOAT")
    file.seek(0)
    return file


WAYS: list[Callable[[NDArray[np.float32]], AudioInput]] = [as_file, lambda samples: samples]


def test_what_is_as_it_should_be_is_not_touched() -> None:
    source = open_audio(SPEECH)
    np.testing.assert_array_equal(np.concatenate(list(source)), SPEECH)
    assert source.peak == np.abs(SPEECH).max()
    assert source.gaps == []


def test_samples_above_full_scale_are_sound() -> None:
    loud = SPEECH * 20
    np.testing.assert_array_equal(np.concatenate(list(open_audio(loud))), loud)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", [np.nan, np.inf, -np.inf, 1e30, 1e6])
@pytest.mark.parametrize("length", [1, 8000])
def test_faults_are_silence(
    way: Callable[[NDArray[np.float32]], AudioInput], fault: float, length: int, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = SPEECH.copy()
    damaged[16000 : 16000 + length] = fault
    expected = SPEECH.copy()
    expected[16000 : 16000 + length] = 0
    source = open_audio(way(damaged))
    with caplog.at_level(logging.WARNING, "edge"):
        np.testing.assert_array_equal(np.concatenate(list(source)), expected)
    assert f"{length} samples between 1.000 and {1 + length / RATE_HZ:.3f} s are not numbers" in caplog.text
    assert [(gap.start, gap.end, gap.cause) for gap in source.gaps] == [(1.0, 1.5, "damage")] * (length > 1)


def test_a_few_odd_samples_say_nothing_of_the_others() -> None:
    """As the torn end of a file may have them."""
    odd = np.array([1.5, 20.0, -3.0, 1e5], np.float32)
    samples = np.concatenate(list(open_audio(np.concatenate([SPEECH, odd]))))
    np.testing.assert_array_equal(samples[: len(SPEECH)], SPEECH)
    np.testing.assert_array_equal(samples[len(SPEECH) :], np.array([1.5, 0, -3.0, 0], np.float32))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bits", [16, 24, 32])
@pytest.mark.parametrize("is_rounded", [False, True])
def test_a_forgotten_division_is_made_up_for(
    way: Callable[[NDArray[np.float32]], AudioInput], bits: int, is_rounded: bool, caplog: pytest.LogCaptureFixture
) -> None:
    integers = SPEECH * np.float32(2 ** (bits - 1))
    with caplog.at_level(logging.WARNING, "edge"):
        samples = np.concatenate(list(open_audio(way(np.rint(integers) if is_rounded else integers))))
    np.testing.assert_allclose(samples, SPEECH, atol=2e-5)
    assert f"they are divided by {2 ** (bits - 1)}" in caplog.text


def test_integers_are_known_while_they_are_quiet() -> None:
    quiet = np.rint(np.random.default_rng(0).normal(0, 3, 40 * RATE_HZ)).astype(np.float32)
    samples = np.concatenate(list(open_audio(np.concatenate([quiet, SPEECH * 32768]))))
    assert np.abs(samples[: len(quiet)]).max() < 0.001
    np.testing.assert_allclose(samples[len(quiet) :], SPEECH, atol=1e-6)


def test_nothing_but_faults_is_no_recording() -> None:
    with pytest.raises(AudioError, match="expected samples between -1 and 1, found not a single one"):
        list(open_audio(np.full(1000, np.nan, np.float32)))
