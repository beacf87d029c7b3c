"""Whisper in numpy, for reading: the executable specification of what the engine computes (Radford et al. 2022).

A window of log-mel features goes through two convolutions and the encoder's layers; the decoder reads tokens and looks
at what the encoder heard. Everything is float64 and as plain as it can be: nothing is fast, nothing is rounded, and a
window is computed whole. The engine's tests compare with it.

`export.calibrate.forward` does the same in float32, shows what goes into each linear and knows landmarks of the
padding; it and `export.landmarks` take from here the steps that are the same for them.

Tensors have the names of a model file (`edge.whisper.file.dims.tensor_shapes`). In shapes n is positions of a window
or tokens, k what goes into a linear, m what comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import erf, sqrt
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge.arrays import DoubleArray, IntArray
from edge.whisper.file.dims import HEAD_DIM, WhisperDims

Array = TypeVar("Array", NDArray[np.float32], NDArray[np.float64])

_EPSILON = 1e-5
"""Addition to a variance that keeps a norm from dividing by zero."""


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """Multiply rows (n, k) with weights (m, k), and add a bias (m,) where there is one: (n, m)."""
    y: Array = x @ weight.T
    return y if bias is None else y + bias


def layer_norm(x: Array, weight: Array, bias: Array) -> Array:
    """Bring each row (n, k) to mean 0 and variance 1, then scale and shift its channels."""
    centered = x - x.mean(axis=-1, keepdims=True)
    y: Array = centered / np.sqrt(x.var(axis=-1, keepdims=True) + _EPSILON) * weight + bias
    return y


def convolve(x: Array, weight: Array, bias: Array, stride: int) -> Array:
    """Move three taps (m, k, 3) over rows (n, k) with a row of zeros before and behind: (ceil(n / stride), m)."""
    taps = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((1, 1), (0, 0))), 3, axis=0)[::stride]
    y: Array = taps.reshape(len(taps), -1) @ weight.reshape(len(weight), -1).T
    return y + bias


def softmax(scores: Array) -> Array:
    """Turn each row of scores into weights that add up to 1."""
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights: Array = e / e.sum(axis=-1, keepdims=True)
    return weights


def gelu(x: DoubleArray) -> DoubleArray:
    """Multiply x with the normal distribution function of x (Hendrycks and Gimpel 2016), not its tanh approximation."""
    y: DoubleArray = x * 0.5 * (1 + np.vectorize(erf)(x / sqrt(2)))
    return y


class NumpyWhisper:
    """Model on some weights."""

    def __init__(self, dims: WhisperDims, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.dims = dims
        self.tensors: dict[str, DoubleArray] = {name: np.asarray(one, np.float64) for name, one in tensors.items()}

    def encode(self, features: NDArray[Any]) -> DoubleArray:
        """Hear features (2 n, n_mels): states (n, n_state) of their positions."""
        x = self.front(features)
        return self.encoder_layers(x + self.tensors["enc.pos_emb.weight"][: len(x)])

    def front(self, features: NDArray[Any]) -> DoubleArray:
        """Turn two frames at a time of features (2 n, n_mels) into a position (n, n_state)."""
        x = gelu(self._convolution("enc.conv.0", np.asarray(features, np.float64), stride=1))
        return gelu(self._convolution("enc.conv.1", x, stride=2))

    def encoder_layers(self, x: DoubleArray) -> DoubleArray:
        """Let positions (n, n_state), with their embedding added, look at each other."""
        for layer in range(self.dims.n_audio_layer):
            block = f"enc.blocks.{layer}"
            normed = self.norm(f"{block}.norm_attn", x)
            x = x + self._attention(f"{block}.attn", normed, normed)[0]
            x = x + self._feed_forward(block, x)
        return self.norm("enc.final_norm", x)

    def decode(self, tokens: IntArray, states: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        """Read tokens (n_tokens,) while looking at the encoder's states.

        Gives the logits after each of them, (n_tokens, n_vocab), and how much every head looked at each position,
        (n_layers, n_heads, n_tokens, n).
        """
        embedding = self.tensors["dec.token_embd.weight"]
        x = embedding[tokens] + self.tensors["dec.pos_emb.weight"][: len(tokens)]
        looks = []
        for layer in range(self.dims.n_text_layer):
            block = f"dec.blocks.{layer}"
            normed = self.norm(f"{block}.norm_self", x)
            x = x + self._attention(f"{block}.self_attn", normed, normed, is_causal=True)[0]
            mixed, look = self._attention(f"{block}.cross_attn", self.norm(f"{block}.norm_cross", x), states)
            x = x + mixed
            x = x + self._feed_forward(block, x)
            looks.append(look)
        return linear(self.norm("dec.final_norm", x), embedding), np.array(looks)

    def norm(self, name: str, x: DoubleArray) -> DoubleArray:
        """Apply the norm of that name to rows (n, n_state)."""
        return layer_norm(x, self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"])

    def _attention(
        self, name: str, x: DoubleArray, source: DoubleArray, *, is_causal: bool = False
    ) -> tuple[DoubleArray, DoubleArray]:
        """Let rows x (n, n_state) look at rows of a source: what they take from it, and how each head weighed it."""
        q, k, v = self._linear(f"{name}.q", x), self._linear(f"{name}.k", source), self._linear(f"{name}.v", source)
        n_heads = v.shape[1] // HEAD_DIM  # queries and keys are narrower than that in a compressed encoder
        mixed, weights = [], []
        for q_head, k_head, v_head in zip(*(np.split(rows, n_heads, axis=1) for rows in (q, k, v)), strict=True):
            scores = q_head @ k_head.T / sqrt(HEAD_DIM)
            if is_causal:  # no token sees a later one
                scores = np.where(np.tri(len(scores), dtype=bool), scores, -np.inf)
            weights.append(softmax(scores))
            mixed.append(weights[-1] @ v_head)
        return self._linear(f"{name}.out", np.concatenate(mixed, axis=1)), np.array(weights)

    def _feed_forward(self, block: str, x: DoubleArray) -> DoubleArray:
        wide = gelu(self._linear(f"{block}.ffn.fc1", self.norm(f"{block}.norm_ffn", x)))
        return self._linear(f"{block}.ffn.fc2", wide)

    def _linear(self, name: str, x: DoubleArray) -> DoubleArray:
        """Apply a linear, which has two factors in a compressed encoder."""
        if f"{name}.down.weight" in self.tensors:
            x = linear(x, self.tensors[f"{name}.down.weight"])
        return linear(x, self.tensors[f"{name}.weight"], self.tensors.get(f"{name}.bias"))

    def _convolution(self, name: str, x: DoubleArray, *, stride: int) -> DoubleArray:
        return convolve(x, self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"], stride)
