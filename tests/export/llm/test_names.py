"""Names as gguf-py has them, and rows that turn to the same positions."""

from __future__ import annotations

import dataclasses

import gguf
import numpy as np
import pytest

from export.llm.model import tensor_shapes
from export.llm.names import from_gguf_rows, gguf_name, to_gguf_rows

from .conftest import DIMS


def test_names_are_those_of_gguf() -> None:
    dims = dataclasses.replace(DIMS, is_tied=False)
    known = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, dims.n_layer)
    for name in tensor_shapes(dims):
        assert gguf_name(name) == known.get_name(name, try_suffixes=(".weight",)), name
    assert gguf_name("something.else") == "something.else"


@pytest.mark.parametrize("name", ["model.layers.0.self_attn.q_proj.weight", "model.layers.1.self_attn.k_proj.weight"])
def test_moved_rows_give_the_same_attention(name: str) -> None:
    """Turn halves as Hugging Face does and pairs as ggml does: products of two turned vectors must not differ."""
    generator = np.random.default_rng(0)
    heads = DIMS.n_head if "q_proj" in name else DIMS.n_kv_head
    weight = generator.standard_normal((heads * DIMS.head_dim, DIMS.n_embd))
    state = generator.standard_normal((2, DIMS.n_embd))
    half = DIMS.head_dim // 2
    frequency = DIMS.rope_theta ** -(np.arange(half) / half)

    def turned(vectors: np.ndarray, first: slice, second: slice) -> np.ndarray:
        angle = np.array([3, 8])[:, None, None] * frequency
        out = np.empty_like(vectors)
        out[..., first] = vectors[..., first] * np.cos(angle) - vectors[..., second] * np.sin(angle)
        out[..., second] = vectors[..., second] * np.cos(angle) + vectors[..., first] * np.sin(angle)
        return out

    theirs = turned((state @ weight.T).reshape(2, heads, -1), slice(0, half), slice(half, None))
    moved = to_gguf_rows(name, weight, DIMS)
    ours = turned((state @ moved.T).reshape(2, heads, -1), slice(0, None, 2), slice(1, None, 2))
    np.testing.assert_allclose((ours[0] * ours[1]).sum(-1), (theirs[0] * theirs[1]).sum(-1), rtol=1e-12)
    assert not np.array_equal(moved, weight)
    np.testing.assert_array_equal(from_gguf_rows(name, moved, DIMS), weight)


def test_other_tensors_stay() -> None:
    weight = np.zeros((4, 4))
    assert to_gguf_rows("model.layers.0.self_attn.v_proj.weight", weight, DIMS) is weight
    assert from_gguf_rows("model.norm.weight", weight, DIMS) is weight
