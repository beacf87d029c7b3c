"""Arithmetic of a Llama in numpy, a layer at a time, for rounding weights by what flows through them."""

from __future__ import annotations

import numpy as np

from edge.arrays import FloatArray

from .model import LlamaDims


def norm(x: FloatArray, weight: FloatArray, dims: LlamaDims) -> FloatArray:
    """Divide rows (n, d) by their root mean square, and scale their columns."""
    mean = np.square(x).mean(axis=-1, keepdims=True)
    out: FloatArray = x / np.sqrt(mean + np.float32(dims.rms_eps)) * weight
    return out


def gate(x: FloatArray) -> FloatArray:
    """Let the right half of rows (n, 2 m) through as far as the left half says: SwiGLU, (n, m)."""
    left, right = np.split(x, 2, axis=1)
    with np.errstate(over="ignore"):
        out: FloatArray = left / (1 + np.exp(-left)) * right
    return out


def attention(qkv: FloatArray, dims: LlamaDims, length: int) -> FloatArray:
    """Gather for each token what it attends to: itself and the tokens before it in its text of `length` tokens.

    Rows (n, ...) hold queries, keys and values side by side; (n, n_head * head_dim) comes out.
    """
    n_texts, width = len(qkv) // length, dims.head_dim
    heads = qkv.reshape(n_texts, length, -1, width).transpose(0, 2, 1, 3)
    q, k, v = np.split(heads, [dims.n_head, dims.n_head + dims.n_kv_head], axis=1)
    q, k = _turned(q, dims) / np.float32(np.sqrt(width)), _turned(k, dims)
    ahead = np.triu(np.full((length, length), -np.inf, np.float32), 1)
    out = np.empty_like(q)
    shared = dims.n_head // dims.n_kv_head
    for text in range(n_texts):
        for head in range(dims.n_head):
            scores = q[text, head] @ k[text, head // shared].T + ahead
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            out[text, head] = weights / weights.sum(axis=1, keepdims=True) @ v[text, head // shared]
    return out.transpose(0, 2, 1, 3).reshape(len(qkv), -1)


def _turned(x: FloatArray, dims: LlamaDims) -> FloatArray:
    """Turn pairs of dimensions i and i + head_dim / 2 by the angle of their position: (..., length, head_dim)."""
    half = dims.head_dim // 2
    frequencies = dims.rope_theta ** (-np.arange(half) / half) / np.array(dims.rope_factors or 1.0)
    angles = np.arange(x.shape[-2])[:, None] * frequencies
    cosine, sine = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
    left, right = x[..., :half], x[..., half:]
    return np.concatenate([left * cosine - right * sine, right * cosine + left * sine], axis=-1)
