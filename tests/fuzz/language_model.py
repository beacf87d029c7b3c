"""Small language models of random sizes and types for fuzz_open_model.py, and what is done with each."""

from __future__ import annotations

import random
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import EdgeError
from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.llm.file import LlamaDims, scale_name, tensor_shapes
from edge.llm.model import open_model
from edge.llm.names import CACHES
from edge.quant import quantize_int8, quantize_q4_0, quantize_q8_0

SMALL_MODEL = Path(__file__).resolve().parent.parent / "edge" / "llm" / "conftest.py"

_metadata: dict[str, Any] = runpy.run_path(str(SMALL_MODEL))["metadata"]()


def random_model(rng: random.Random) -> tuple[dict[str, Any], dict[str, StoredTensor]]:
    """A whole model of random sizes, with tensors of all types."""
    n_kv = rng.choice((1, 1, 2, 3))
    dims = LlamaDims(
        n_vocab=len(_metadata["tokenizer.ggml.tokens"]),
        n_ctx=rng.choice((1, 2, 15, 16, 17, 40)),
        n_state=64 * n_kv * rng.choice((1, 2)),  # heads are 64 wide
        n_layer=rng.choice((1, 1, 2)),
        n_head=0,
        n_kv_head=n_kv,
        n_ffn=32 * rng.randint(1, 5),
        is_tied=rng.random() < 0.7,
        rope_base=10000.0,
        epsilon=1e-5,
    )
    metadata = _metadata | {
        "llama.context_length": dims.n_ctx,
        "llama.embedding_length": dims.n_state,
        "llama.block_count": dims.n_layer,
        "llama.feed_forward_length": dims.n_ffn,
        "llama.attention.head_count": dims.n_state // 64,
        "llama.attention.head_count_kv": n_kv,
        "tokenizer.ggml.pre": rng.choice(("gpt-2", "smollm", "llama-bpe")),
    }
    if rng.random() < 0.3:
        metadata["edgewise.precision"] = rng.choice(("f32", "int8", "int4", "int2"))
    shapes = tensor_shapes(dims)
    for name in shapes:  # of as many heads as the width has
        if name.endswith(("attn_q.weight", "attn_output.weight")):
            shapes[name] = (dims.n_state, dims.n_state)
    if rng.random() < 0.3:
        shapes["rope_freqs.weight"] = (32,)
    found = (tensor for name, shape in shapes.items() for tensor in _stored(rng, name, shape))
    return metadata, {tensor.name: tensor for tensor in found}


def _stored(rng: random.Random, name: str, shape: tuple[int, ...]) -> Iterator[StoredTensor]:
    numbers = np.random.default_rng(rng.randrange(1 << 30)).normal(0.5, 0.3, shape).astype(np.float32)
    numbers = np.abs(numbers) + np.float32(0.01) if name == "rope_freqs.weight" else numbers
    kind = TensorType.F32 if len(shape) == 1 else rng.choice(list(_KINDS))
    if kind is TensorType.I8:
        codes, scales = quantize_int8(numbers)
        yield StoredTensor(name, kind, shape, codes)
        yield StoredTensor(scale_name(name), TensorType.F32, scales.shape, scales)
    else:
        yield StoredTensor(name, kind, shape, _KINDS[kind](numbers))


_KINDS: dict[TensorType, Any] = {
    TensorType.I8: None,
    TensorType.F32: lambda numbers: numbers,
    TensorType.F16: lambda numbers: numbers.astype(np.float16),
    TensorType.Q8_0: quantize_q8_0,
    TensorType.Q4_0: quantize_q4_0,
}


def run(path: Path) -> str:
    """What became of a file: "refused" or "ran"."""
    try:
        for cache in CACHES:
            model = open_model(path, threads=1, n_ctx=16, cache=cache)
            model.score(["the", "c"])
            for _ in model.generate("", most=20):  # past what it looks back at
                pass
    except EdgeError as error:
        if not str(error).isprintable():
            raise AssertionError(f"a message with control characters: {error!r}") from error
        return f"refused: {type(error).__name__}"
    return "ran"
