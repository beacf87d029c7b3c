"""Where INT4 hurts: each group by itself, by the engine, without torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import soundfile

from edge.quant import dequantize_q4_0, quantize_q4_0
from edge.whisper.file.roles import Role, role_of
from export.calibrate import calibrate
from export.calibrate.recordings import Recording, find_recordings
from export.calibrate.sensitivity import Heard, hear_clips, measure_int4
from export.checkpoint.types import Checkpoint
from export.errors import CalibrationError
from export.quantize.model import equalized, groups_of

HURT = "dec.blocks.1.ffn.fc2.weight"


@pytest.fixture(scope="module")
def checkpoint(make_checkpoint: Callable[..., Checkpoint]) -> Checkpoint:
    """With a decoder that is sure of its words, and of which all but one linear is as INT4 holds it."""
    made = make_checkpoint("tiny.en", "float32")
    sure = {"dec.final_norm.weight": made.tensors["dec.final_norm.weight"] * 200}
    tensors = {**made.tensors, **sure}
    for name in tensors:
        if name.startswith("dec.") and role_of(name) is Role.LINEAR and name != HURT:
            tensors[name] = dequantize_q4_0(quantize_q4_0(np.ascontiguousarray(tensors[name])))
    return replace(made, tensors=MappingProxyType(tensors))


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    path = tmp_path_factory.mktemp("speech") / "noise.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(1).standard_normal(32_000), 16_000)
    return find_recordings([path])


@pytest.fixture(scope="module")
def heard(checkpoint: Checkpoint, recordings: list[Recording]) -> list[Heard]:
    """With tokens of which the decoder has something to say."""
    clips, _ = hear_clips(checkpoint, recordings)
    return [replace(clip, tokens=np.arange(100, 110, dtype=np.int32), n_prompt=2) for clip in clips]


def test_each_group_is_measured_by_itself(
    checkpoint: Checkpoint, recordings: list[Recording], heard: list[Heard]
) -> None:
    _, tail = hear_clips(checkpoint, recordings)
    whole = equalized(checkpoint, calibrate(checkpoint, recordings))
    found = measure_int4(checkpoint, whole, groups_of(checkpoint.tensors), heard, tail)
    assert [tuple(one.rows) for one in found] == list(groups_of(checkpoint.tensors))
    assert all(one.n_weights == sum(checkpoint.tensors[name].size for name in one.rows) for one in found)
    damages = {next(iter(one.rows)): one.damage for one in found}
    others = [damage for name, damage in damages.items() if name.startswith("dec.") and name != HURT]
    assert len(others) == 13
    assert max(others) < 0.1 * damages[HURT]
    encoder = [damage for name, damage in damages.items() if name.startswith("enc.")]
    assert min(encoder) > -1e-6  # what float32 leaves of none: a random model hardly hears
    assert any(encoder)


def test_clips_are_short_and_the_same_every_time(checkpoint: Checkpoint, recordings: list[Recording]) -> None:
    (first, tail), (second, _) = hear_clips(checkpoint, recordings), hear_clips(checkpoint, recordings)
    assert 1 < len(first) <= 16
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.features, other.features)
        np.testing.assert_array_equal(one.tokens, other.tokens)
        assert len(one.features) <= 2 * checkpoint.dims.n_audio_ctx
    assert len(tail.positions) > 0


def test_without_speech_nothing_can_be_measured(checkpoint: Checkpoint, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", np.zeros(80), 16_000)
    with pytest.raises(CalibrationError, match="hardly any speech"):
        hear_clips(checkpoint, find_recordings([tmp_path / "short.wav"]))
