"""Tiny language models made of noise."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edge.gguf.file import MetadataValue, StoredTensor
from edge.gguf.types import TensorType
from edge.gguf.writer import write_gguf
from edge.llm.file import LlamaDims, tensor_shapes
from edge.llm.tokens import byte_of

MERGES = ("t h", "th e", "Ġ the", "a t", "c at", "Ġ cat")
DIMS = LlamaDims(256 + len(MERGES) + 1, 64, 128, 2, 2, 1, 96, True, 10000.0, 1e-5)

Write = Callable[..., Path]


def metadata() -> dict[str, MetadataValue]:
    tokens = ["<|endoftext|>", *byte_of(), *(merge.replace(" ", "") for merge in MERGES)]
    return {
        "general.architecture": "llama",
        "general.name": "noise",
        "llama.context_length": DIMS.n_ctx,
        "llama.embedding_length": DIMS.n_state,
        "llama.block_count": DIMS.n_layer,
        "llama.feed_forward_length": DIMS.n_ffn,
        "llama.attention.head_count": DIMS.n_head,
        "llama.attention.head_count_kv": DIMS.n_kv_head,
        "llama.attention.layer_norm_rms_epsilon": DIMS.epsilon,
        "llama.rope.freq_base": DIMS.rope_base,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.merges": list(MERGES),
        "tokenizer.ggml.token_type": np.array([3] + [1] * (len(tokens) - 1), np.int32),
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": 0,
    }


def write_noise(
    path: Path,
    changed: dict[str, MetadataValue] | None = None,
    tensors: dict[str, StoredTensor | None] | None = None,
) -> Path:
    """Write a model of noise, with other metadata or tensors where given."""
    random = np.random.default_rng(5)
    stored = {
        name: StoredTensor(name, TensorType.F32, shape, random.normal(0, 0.15, shape).astype(np.float32))
        for name, shape in tensor_shapes(DIMS).items()
    }
    kept = [tensor for tensor in (stored | (tensors or {})).values() if tensor is not None]
    write_gguf(path, metadata() | (changed or {}), kept)
    return path


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """The writer of models of noise, to a file of the test's own."""
    return partial(write_noise, tmp_path / "noise.gguf")
