"""The toolchain's forward pass against the C engine, and what it shows of the inputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.format import StoredTensor, TensorType
from export.calibrate.forward import Forward, gelu, input_of
from export.checkpoint import Checkpoint
from export.engine import engine_of

MadeCheckpoint = Callable[..., Checkpoint]

TOKENS = np.array([5, 99, 7, 7, 1003], np.int32)


@pytest.mark.parametrize("name", ["tiny.en", "large-v3"])
def test_gives_what_the_engine_gives(make_checkpoint: MadeCheckpoint, name: str) -> None:
    checkpoint = make_checkpoint(name, "float32")
    dims = checkpoint.dims
    features = np.random.default_rng(1).standard_normal((2 * dims.n_audio_ctx, dims.n_mels)).astype(np.float32)
    forward = Forward(dims, checkpoint.tensors, lambda name, x: None)
    stored = {
        key: StoredTensor(key, TensorType.F32, tensor.shape, np.asarray(tensor, np.float32))
        for key, tensor in checkpoint.tensors.items()
    }
    state = engine_of(Path("made"), dims, stored).new_state()
    state.encode(features)
    states = forward.encode(features, np.arange(3))
    np.testing.assert_allclose(states, state.encoder_output(), atol=2e-4)
    logits = forward.decode(TOKENS, states) @ checkpoint.tensors["dec.token_embd.weight"].T
    np.testing.assert_allclose(logits, state.decode(TOKENS[None], last_only=False)[0], atol=5e-4)


def test_shows_the_input_of_every_linear(make_checkpoint: MadeCheckpoint) -> None:
    checkpoint = make_checkpoint("base")
    dims = checkpoint.dims
    seen: dict[str, tuple[int, ...]] = {}

    def observe(name: str, x: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
        seen[name] = x.shape

    forward = Forward(dims, checkpoint.tensors, observe)
    rows = np.array([0, 1, 5])
    forward.decode(TOKENS, forward.encode(np.zeros((2 * dims.n_audio_ctx, dims.n_mels), np.float32), rows))
    inputs = {name: input_of(name) for name in checkpoint.tensors}
    assert {found for found in inputs.values() if found} == set(seen)
    for name, found in inputs.items():
        tensor = checkpoint.tensors[name]
        is_linear = tensor.ndim == 2 and "pos_emb" not in name
        assert (found is not None) == is_linear, name
        if found:
            n_rows = len(rows) if found.startswith("enc.") else len(TOKENS)
            assert seen[found] == (n_rows, tensor.shape[1]), name


def test_gelu_is_exact_to_float32() -> None:
    x = np.linspace(-9, 9, 4001, dtype=np.float32)
    exact = [value * 0.5 * (1 + math.erf(value / math.sqrt(2))) for value in x.tolist()]
    np.testing.assert_allclose(gelu(x), exact, atol=1e-6)
