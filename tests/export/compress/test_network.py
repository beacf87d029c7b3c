"""Whisper in torch against the C engine, whole and compressed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.whisper.file.dims import LayerShape, tensor_shapes
from export.checkpoint.types import Checkpoint
from export.compress.network import convolve, decode, encode, to_torch
from export.engine import engine_of

TOKENS = np.array([5, 99, 7, 7, 1003], np.int32)


@pytest.mark.parametrize("layers", [(), (LayerShape(16, 256, 32, 0, 32), LayerShape(48, 96, 0, 32, 0))])
def test_gives_what_the_engine_gives(checkpoint: Checkpoint, layers: tuple[LayerShape, ...]) -> None:
    dims = replace(checkpoint.dims, layers=layers)
    rng = np.random.default_rng(1)
    arrays = {
        name: checkpoint.tensors[name]
        if name in checkpoint.tensors and checkpoint.tensors[name].shape == shape
        else (0.1 * rng.standard_normal(shape)).astype(np.float32)
        for name, shape in tensor_shapes(dims).items()
    }
    stored = {name: StoredTensor(name, TensorType.F32, array.shape, array) for name, array in arrays.items()}
    state = engine_of("made", dims, stored).new_state()
    features = rng.standard_normal((2 * dims.n_audio_ctx, dims.n_mels)).astype(np.float32)
    state.encode(features)
    tensors = to_torch(arrays)
    states = encode(tensors, dims, convolve(tensors, torch.from_numpy(features)[None]))
    assert len(states) == dims.n_audio_layer + 2
    np.testing.assert_allclose(states[-1][0], state.encoder_output(), atol=2e-4)
    logits = (
        decode(tensors, dims, torch.from_numpy(TOKENS[None]).long(), states[-1]) @ tensors["dec.token_embd.weight"].T
    )
    np.testing.assert_allclose(logits[0], state.decode(TOKENS[None], last_only=False)[0], atol=5e-4)
