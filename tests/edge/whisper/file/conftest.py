"""A small but complete model file, made from random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.gguf.file import MetadataValue, StoredTensor
from edge.gguf.types import TensorType
from edge.gguf.writer import write_gguf
from edge.quant import quantize_int8
from edge.whisper.file.dims import WhisperDims, tensor_shapes
from edge.whisper.tokens import special_tokens

Metadata = dict[str, MetadataValue]
Tensors = dict[str, StoredTensor]
WriteModel = Callable[..., Path]

# 5 text tokens: a vocabulary's special tokens alone are 1,607.
DIMS = WhisperDims(2, 1612, 4, 64, 1, 1, 6, 64, 1, 1)


def small_metadata(dims: WhisperDims = DIMS) -> Metadata:
    """The keys that the reader relies on."""
    special = [token.decode() for token in special_tokens(WhisperDims(80, 51864, 1, 64, 1, 1, 1, 64, 1, 1))]
    text = [f"t{index}" for index in range(dims.n_vocab - len(special) - 1)]
    return {
        "general.architecture": "whisper",
        "general.name": "whisper-small-test",
        "edgewise.format_version": 1,
        "edgewise.precision": "int8",
        "edgewise.alignment_heads": np.array([0, 0], np.int32),
        "stt.whisper.encoder.n_layers": dims.n_audio_layer,
        "stt.whisper.encoder.d_model": dims.n_audio_state,
        "stt.whisper.encoder.n_heads": dims.n_audio_head,
        "stt.whisper.encoder.num_mel_bins": dims.n_mels,
        "stt.whisper.encoder.max_source_positions": dims.n_audio_ctx,
        "stt.whisper.decoder.n_layers": dims.n_text_layer,
        "stt.whisper.decoder.d_model": dims.n_text_state,
        "stt.whisper.decoder.n_heads": dims.n_text_head,
        "stt.whisper.decoder.max_target_positions": dims.n_text_ctx,
        "stt.whisper.decoder.vocab_size": dims.n_vocab,
        "stt.whisper.suppress_tokens": np.array([1, 2], np.int32),
        "stt.whisper.begin_suppress_tokens": np.array([0], np.int32),
        # In GPT-2's spelling a space is "Ġ" and byte 0 is "Ā".
        "tokenizer.ggml.tokens": ["Ġa", *text, *special],
    }


def small_tensors(dims: WhisperDims = DIMS) -> Tensors:
    """Random weights: matrices INT8, the rest float."""
    rng = np.random.default_rng(3)
    tensors: Tensors = {}
    for name, shape in tensor_shapes(dims).items():
        values = rng.standard_normal(shape).astype(np.float32)
        if len(shape) == 2 and "pos_emb" not in name:
            codes, scales = quantize_int8(values)
            tensors[name] = StoredTensor(name, TensorType.I8, shape, codes)
            tensors[f"{name}_scale"] = StoredTensor(f"{name}_scale", TensorType.F32, scales.shape, scales)
        else:
            tensors[name] = StoredTensor(name, TensorType.F32, shape, values)
    filters = rng.random((dims.n_mels, 201), np.float32)
    tensors["frontend.mel_filterbank"] = StoredTensor("frontend.mel_filterbank", TensorType.F32, filters.shape, filters)
    return tensors


@pytest.fixture
def write_model(tmp_path: Path) -> WriteModel:
    """Writes the small model, after `change(metadata, tensors)` has had its way with it."""

    def write(change: Callable[[Metadata, Tensors], None] | None = None) -> Path:
        metadata, tensors = small_metadata(), small_tensors()
        if change is not None:
            change(metadata, tensors)
        path = tmp_path / "small.gguf"
        write_gguf(path, metadata, tensors.values())
        return path

    return write
