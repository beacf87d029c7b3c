"""The toolchain's forward pass against the C engine, and what it shows of the inputs."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.whisper.file.landmarks import PADDING, Tail
from export.calibrate.forward import Forward, gelu, input_of
from export.checkpoint.types import Checkpoint
from export.engine import engine_of
from export.reference import NumpyWhisper

MadeCheckpoint = Callable[..., Checkpoint]

TOKENS = np.array([5, 99, 7, 7, 1003], np.int32)


@pytest.mark.parametrize("name", ["tiny.en", "large-v3"])
@pytest.mark.parametrize("is_whole", [True, False], ids=["window", "clip"])
def test_gives_what_the_engine_gives(make_checkpoint: MadeCheckpoint, name: str, is_whole: bool) -> None:
    checkpoint = make_checkpoint(name, "float32")
    dims = checkpoint.dims
    positions = np.array([1, 5, 9, 13, 16, 19], np.int32)
    rng = np.random.default_rng(1)
    contexts = rng.standard_normal((6, 1, 64)).astype(np.float32)
    tail = Tail(4, positions, np.array([4, 4, 4, 3, 4, 1], np.int32), np.zeros(1, np.int32), contexts)
    n_positions = 20 if is_whole else 12
    features = np.full((40, dims.n_mels), PADDING, np.float32)
    n_frames = 40 if is_whole else 8
    features[:n_frames] = rng.standard_normal((n_frames, dims.n_mels))

    stored = {
        key: StoredTensor(key, TensorType.F32, tensor.shape, np.asarray(tensor, np.float32))
        for key, tensor in checkpoint.tensors.items()
    }
    state = engine_of("made", dims, stored, tail).new_state()
    state.encode(features[: 2 * n_positions])
    heard = Forward(dims, checkpoint.tensors, lambda name, x: None, tail).encode(features, n_positions)
    assert len(heard.states) == (20 if is_whole else 12 + 3)
    np.testing.assert_allclose(heard.states[:n_positions], state.encoder_output()[:n_positions], atol=5e-4)
    forward = Forward(dims, checkpoint.tensors, lambda name, x: None)
    logits = forward.decode(TOKENS, heard) @ checkpoint.tensors["dec.token_embd.weight"].T
    np.testing.assert_allclose(logits, state.decode(TOKENS[None], last_only=False)[0], atol=5e-4)


def test_shows_the_input_of_every_linear(make_checkpoint: MadeCheckpoint) -> None:
    checkpoint = make_checkpoint("base")
    dims = checkpoint.dims
    seen: dict[str, tuple[int, ...]] = {}

    def observe(name: str, x: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
        seen[name] = x.shape

    forward = Forward(dims, checkpoint.tensors, observe)
    window = np.zeros((2 * dims.n_audio_ctx, dims.n_mels), np.float32)
    forward.decode(TOKENS, forward.encode(window, dims.n_audio_ctx))
    inputs = {name: input_of(name) for name in checkpoint.tensors}
    assert {found for found in inputs.values() if found} == set(seen)
    for name, found in inputs.items():
        tensor = checkpoint.tensors[name]
        is_linear = tensor.ndim == 2 and "pos_emb" not in name
        assert (found is not None) == is_linear, name
        if found:
            n_rows = dims.n_audio_ctx if found.startswith("enc.") else len(TOKENS)
            assert seen[found] == (n_rows, tensor.shape[1]), name


@pytest.mark.parametrize("name", ["tiny.en", "large-v3"])
def test_gives_what_the_specification_gives(make_checkpoint: MadeCheckpoint, name: str) -> None:
    checkpoint = make_checkpoint(name, "float32")
    dims = checkpoint.dims
    features = np.random.default_rng(2).standard_normal((2 * dims.n_audio_ctx, dims.n_mels)).astype(np.float32)
    forward = Forward(dims, checkpoint.tensors, lambda name, x: None)
    heard = forward.encode(features, dims.n_audio_ctx)
    reference = NumpyWhisper(dims, checkpoint.tensors)
    states = reference.encode(features)
    np.testing.assert_allclose(heard.states, states, atol=2e-4)
    logits = forward.decode(TOKENS, heard) @ checkpoint.tensors["dec.token_embd.weight"].T
    np.testing.assert_allclose(logits, reference.decode(TOKENS, states)[0], atol=5e-4)


def test_gelu_is_exact_to_float32() -> None:
    x = np.linspace(-9, 9, 4001, dtype=np.float32)
    exact = [value * 0.5 * (1 + math.erf(value / math.sqrt(2))) for value in x.tolist()]
    np.testing.assert_allclose(gelu(x), exact, atol=1e-6)
