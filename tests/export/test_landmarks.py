"""Choosing landmarks: registers on their own, stretches by their middle, local heads where there are some."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.whisper.engines.native import WhisperEngine
from edge.whisper.file.model import open_model
from export.checkpoint.types import Checkpoint
from export.landmarks import STRIDE, choose_landmarks, local_contexts, register_scores
from export.maker import make_plain

MadeCheckpoint = Callable[..., Checkpoint]


def test_landmarks_stand_for_every_position_once() -> None:
    scores = np.random.default_rng(1).uniform(0.5, 1.7, 1500).astype(np.float32)
    positions, counts = choose_landmarks(scores)
    assert counts.sum() == 1500
    assert (np.diff(positions) > 0).all()
    for first in range(0, 1500, STRIDE):  # of each stretch as well: a clip may end behind any
        inside = (positions >= first) & (positions < first + STRIDE)
        assert counts[inside].sum() == min(STRIDE, 1500 - first)


def test_even_padding_needs_one_landmark_a_stretch() -> None:
    positions, counts = choose_landmarks(np.ones(100, np.float32))
    assert positions.tolist() == [24, 72, 97, 99]
    assert counts.tolist() == [48, 48, 3, 1]


def test_a_run_of_registers_is_a_landmark_of_its_own() -> None:
    scores = np.ones(100, np.float32)
    scores[[10, 23, 24, 25]] = 3, 4, 9, 5
    positions, counts = choose_landmarks(scores)
    assert dict(zip(positions.tolist(), counts.tolist(), strict=True)) == {10: 1, 24: 3, 22: 44, 72: 48, 97: 3, 99: 1}


def test_registers_are_found_by_their_norm() -> None:
    hidden = np.random.default_rng(2).standard_normal((3, 50, 64)).astype(np.float32)
    hidden[1, 7] *= 20
    hidden[2, 9] *= 20  # what the last layer gives is normalized before it is read
    assert np.flatnonzero(register_scores(hidden) > 5).tolist() == [7]


def test_local_heads_and_their_contexts() -> None:
    """Head 0 looks at its own position, head 1 at all alike."""
    n_ctx, d = 120, 128
    angles = np.linspace(0, 3, n_ctx)
    states = np.zeros((n_ctx, d))
    for wave in range(32):
        states[:, 2 * wave], states[:, 2 * wave + 1] = (
            np.cos(angles * (wave + 1) * 20),
            np.sin(angles * (wave + 1) * 20),
        )
    stem = "enc.blocks.0"
    look = np.zeros((d, d))
    look[:64, :64] = 6 * np.eye(64)
    stored = {
        f"{stem}.norm_attn.weight": np.ones(d),
        f"{stem}.norm_attn.bias": np.zeros(d),
        f"{stem}.attn.q.weight": look,
        f"{stem}.attn.k.weight": look,
        f"{stem}.attn.v.weight": np.eye(d),
    }
    tensors = {
        name: StoredTensor(name, TensorType.F32, values.shape, values.astype(np.float32))
        for name, values in stored.items()
    }
    positions = np.array([30, 70], np.int32)
    heads, contexts = local_contexts(states.astype(np.float32), tensors, positions)
    assert heads.tolist() == [0]
    assert contexts.shape == (2, 1, 64)
    normed = (states - states.mean(1, keepdims=True)) / states.std(1, keepdims=True)
    np.testing.assert_allclose(contexts[:, 0], normed[positions, :64], atol=0.2)


def test_an_exported_model_has_a_tail_that_runs(make_checkpoint: MadeCheckpoint, tmp_path: Path) -> None:
    checkpoint = make_checkpoint("base")
    for precision in ("f32", "int8", "int4"):
        path = tmp_path / f"{precision}.gguf"
        make_plain(checkpoint, precision).write(path)
        with open_model(path) as model:
            assert model.tail is not None
            assert model.tail.counts.sum() == checkpoint.dims.n_audio_ctx
            state = WhisperEngine(model, threads=1).new_state()
        state.encode(np.full((8, checkpoint.dims.n_mels), -0.75, np.float32))
        assert np.isfinite(state.decode(np.array([[1, 2]], np.int32))).all()
