"""Models whose sizes are unlike any that was published; tests/fuzz has many more of them."""

from __future__ import annotations

import numpy as np
import pytest

from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.quant import quantize_int8
from edge.whisper.engines.native import WhisperEngine
from edge.whisper.file.dims import WhisperDims
from export.reference import NumpyWhisper

from .random_whisper import model_file, random_tensors


@pytest.mark.parametrize("n_mels", [1, 86, 512])
def test_mel_bands_may_be_more_than_the_encoder_is_wide(n_mels: int) -> None:
    dims = WhisperDims(n_mels, 20, 8, 64, 1, 1, 8, 64, 1, 1)
    tensors = random_tensors(dims)
    file = model_file(tensors, "int8", dims)
    weights = tensors["enc.conv.0.weight"]
    codes, scales = quantize_int8(weights.reshape(len(weights), -1))
    file.tensors["enc.conv.0.weight"] = StoredTensor("", TensorType.I8, weights.shape, codes.reshape(weights.shape))
    file.tensors["enc.conv.0.weight_scale"] = StoredTensor("", TensorType.F32, scales.shape, scales)
    file.alignment_heads = ()
    features = np.random.default_rng(1).standard_normal((16, n_mels)).astype(np.float32)
    first = WhisperEngine(file, threads=2).new_state().hidden_states(features)[0]
    expected = NumpyWhisper(dims, tensors).front(features) + tensors["enc.pos_emb.weight"]
    assert np.linalg.norm(first - expected) / np.linalg.norm(expected) < 0.03
