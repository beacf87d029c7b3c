"""Varied speech: what changes, and what must not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ
from edge.progress import silent
from export.calibrate.recordings import find_recordings
from export.checkpoint.types import Checkpoint
from export.compress.speech import Clip, Speech, _windows, hear_clips
from export.compress.vary import Varied, faster, in_noise, in_room
from export.errors import CalibrationError
from export.recipe import Variety

SECOND = np.arange(SAMPLE_RATE_HZ, dtype=np.float32) / SAMPLE_RATE_HZ
TONE: FloatArray = np.sin(2 * np.pi * 500 * SECOND, dtype=np.float32) * np.float32(0.1)


def loudest_hz(samples: FloatArray) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * SAMPLE_RATE_HZ / len(samples))


def level(samples: FloatArray) -> float:
    return float(np.sqrt(np.square(samples).mean()))


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_faster_is_shorter_and_higher_and_as_loud(factor: float) -> None:
    found = faster(TONE, factor)
    assert len(found) == round(len(TONE) / factor)
    assert loudest_hz(found) == pytest.approx(500 * factor, abs=2)
    assert level(found) == pytest.approx(level(TONE), rel=0.01)


def test_a_room_answers_later_and_the_clip_stays_where_it_was() -> None:
    click = np.zeros(8000, np.float32)
    click[1000] = 1
    room = np.array([1, *[0] * 99, 0.5], np.float32)
    found = in_room(click, room)
    assert np.flatnonzero(np.abs(found) > 0.1).tolist() == [1000, 1100]
    assert found[1100] / found[1000] == pytest.approx(0.5, rel=1e-3)
    assert level(found) == pytest.approx(level(click), rel=1e-3)


def test_noise_is_so_many_decibels_below() -> None:
    noise = np.random.default_rng(0).standard_normal(900).astype(np.float32)
    added = in_noise(TONE, noise, 10) - TONE
    assert 20 * np.log10(level(TONE) / level(added)) == pytest.approx(10, abs=0.1)
    np.testing.assert_allclose(added[:900], added[900:1800], atol=1e-6)


def test_a_clip_is_heard_otherwise_each_time_and_alike_from_one_seed() -> None:
    rooms, noises = [np.array([0, 0, 1, 0.3], np.float32)], [np.ones(50, np.float32)]
    one, other = (Varied(rooms, noises, np.random.default_rng(7)) for _ in range(2))
    first = [one(TONE) for _ in range(8)]
    assert len({len(samples) for samples in first}) == 8
    for samples in first:
        np.testing.assert_array_equal(samples, other(TONE))
        assert samples.dtype == np.float32
        assert np.abs(samples).max() <= 1


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """Six seconds, which are a window."""
    soundfile.write(tmp_path / "noise.wav", 0.1 * np.random.default_rng(1).standard_normal(96_000), SAMPLE_RATE_HZ)
    return tmp_path / "noise.wav"


def test_recordings_are_heard_as_they_are_and_again(checkpoint: Checkpoint, noise: Path) -> None:
    recordings = find_recordings([noise])
    plain = list(_windows(recordings, 2, Variety()))
    found = list(_windows(recordings, 2, Variety(2, (noise,), (noise,))))
    assert [origin for origin, _ in found] == [0, 1, 2] * 3
    for (_, one), (_, other) in zip(plain, found, strict=False):
        np.testing.assert_array_equal(one, other)
    assert len({len(window) for _, window in found}) > 3
    clips = hear_clips(checkpoint, recordings, Variety(1), 100, silent)
    again = hear_clips(checkpoint, recordings, Variety(1), 100, silent)
    assert [clip.raw.tobytes() for clip in clips] == [clip.raw.tobytes() for clip in again]


def test_a_silent_room_is_refused(checkpoint: Checkpoint, noise: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(100), SAMPLE_RATE_HZ)
    with pytest.raises(CalibrationError, match=r"silence\.wav: expected the sound of a room or a noise"):
        hear_clips(checkpoint, find_recordings([noise]), Variety(1, (tmp_path / "silence.wav",)), 100, silent)


def test_nothing_is_learned_from_what_is_kept_aside_however_varied(checkpoint: Checkpoint) -> None:
    rng = np.random.default_rng(0)
    clips = [
        Clip(
            np.full((40, checkpoint.dims.n_mels), origin, np.float16),
            20,
            rng.integers(0, 9, 9).astype(np.int32),
            3,
            origin,
        )
        for _ in range(3)
        for origin in range(20)
    ]
    speech = Speech(clips, checkpoint.dims.n_audio_ctx)

    def origins(batches: object) -> set[float]:
        return {float(row[0].max()) for batch in batches for row in batch.features}  # type: ignore[attr-defined]

    kept, learned = origins(speech.kept), origins(speech.epoch(np.random.default_rng(0)))
    assert len(kept) == 4
    assert len(learned) == 16


def test_hardly_any_speech_is_refused(checkpoint: Checkpoint, noise: Path) -> None:
    clips = hear_clips(checkpoint, find_recordings([noise]), Variety(), 100, silent)
    with pytest.raises(CalibrationError, match="hardly any speech"):
        Speech(clips, checkpoint.dims.n_audio_ctx)
