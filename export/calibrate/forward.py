"""Whisper's forward pass in float32 numpy, that shows what goes into every linear (Radford et al. 2022).

The runtime's engine is in C and keeps nothing of what passes through it; this one is for the toolchain, which must
see it. It computes what the engine does, the clip and landmarks of the padding behind it, and is far slower.

The specification (`export.reference`) is the same model in float64. This one differs where twenty minutes of speech
ask for it: it is float32, GELU is a polynomial instead of a call for each number, and attention divides by a row's sum
after its product, which is smaller than the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.arrays import FloatArray
from edge.whisper.file.dims import HEAD_DIM, WhisperDims
from edge.whisper.file.landmarks import Tail

from ..reference import convolve, layer_norm, linear

Observer: TypeAlias = Callable[[str, FloatArray], None]
"""Function that is called with the name of an input (`input_of`) and its rows (m, k)."""

VOCABULARY_INPUT = "dec.final_norm"
CROSS_INPUT = "enc.final_norm"


def input_of(tensor: str, tensors: Container[str] = ()) -> str | None:
    """Name the input of a linear's weights `X.weight`, as it is shown; None for what is no linear.

    Linears that read the same rows share a name: queries, keys and values; all keys and values of the cross-attention.
    `tensors` are the names of all: where a linear has two factors, its weights read what `X.down.weight` gives.
    """
    if tensor == "dec.token_embd.weight":
        return VOCABULARY_INPUT
    linear = tensor.removesuffix(".weight")
    if f"{linear}.down.weight" in tensors:
        return f"{linear}.down.out"
    stem, dot, last = linear.removesuffix(".down").rpartition(".")
    if not dot or not tensor.endswith(".weight") or ".blocks." not in tensor or "norm" in last:
        return None
    if stem.endswith("cross_attn") and last in "kv":
        return CROSS_INPUT
    return f"{stem}.in" if last in "qkv" else f"{stem}.{last}.in"


@dataclass(frozen=True, slots=True)
class Encoded:
    """Positions of a clip that the decoder looks at."""

    states: FloatArray
    """States of the clip's positions and of the landmarks, (n, n_state)."""
    key_bias: FloatArray
    """Logarithm of how many positions each stands for, (n,)."""


class Forward:
    """The encoder and decoder of one checkpoint."""

    def __init__(
        self, dims: WhisperDims, tensors: Mapping[str, NDArray[Any]], observe: Observer, tail: Tail | None = None
    ) -> None:
        """Take the checkpoint's tensors, in float16 or float32; each is widened when it is used.

        `tail` has the landmarks of the padding; without it the window is computed whole.
        """
        self._dims = dims
        self._tensors = tensors
        self._observe = observe
        self._tail = tail

    def encode(self, features: FloatArray, n_positions: int) -> Encoded:
        """Hear a window of features (2 * n_audio_ctx, n_mels), the clip being its first `n_positions`."""
        x = gelu(self._convolution("enc.conv.0", features, 1))
        x = gelu(self._convolution("enc.conv.1", x, 2)) + self._floats("enc.pos_emb.weight")
        key_bias = np.zeros(len(x), np.float32)
        behind = 0  # landmarks
        if self._tail is not None and n_positions < len(x):
            landmarks = self._tail.positions >= n_positions
            behind = int(landmarks.sum())
            x = np.concatenate([x[:n_positions], x[self._tail.positions[landmarks]]])
            counts = np.log(self._tail.counts[landmarks].astype(np.float32))
            key_bias = np.concatenate([np.zeros(n_positions, np.float32), counts])
        for layer in range(self._dims.n_audio_layer):
            block = f"enc.blocks.{layer}"
            normed = self._norm(f"{block}.norm_attn", x)
            self._observe(f"{block}.attn.in", normed)
            mixed = self._attention(f"{block}.attn", normed, normed, key_bias)
            if layer == 0 and behind:
                self._take_local_contexts(mixed[-behind:])
            self._observe(f"{block}.attn.out.in", mixed)
            x = x + self._linear(f"{block}.attn.out", mixed)
            x = x + self._feed_forward(block, x)
        states = self._norm("enc.final_norm", x)
        self._observe(CROSS_INPUT, states)
        return Encoded(states, key_bias)

    def decode(self, tokens: NDArray[np.int32], heard: Encoded) -> FloatArray:
        """Read all `tokens` (n_tokens,) at once; gives what the vocabulary is multiplied with, (n_tokens, n_state)."""
        x = self._tensors["dec.token_embd.weight"][tokens].astype(np.float32)
        x = x + self._floats("dec.pos_emb.weight")[: len(tokens)]
        for layer in range(self._dims.n_text_layer):
            block = f"dec.blocks.{layer}"
            normed = self._norm(f"{block}.norm_self", x)
            self._observe(f"{block}.self_attn.in", normed)
            mixed = self._attention(f"{block}.self_attn", normed, normed, _causal(len(x)))
            self._observe(f"{block}.self_attn.out.in", mixed)
            x = x + self._linear(f"{block}.self_attn.out", mixed)
            normed = self._norm(f"{block}.norm_cross", x)
            self._observe(f"{block}.cross_attn.in", normed)
            mixed = self._attention(f"{block}.cross_attn", normed, heard.states, heard.key_bias)
            self._observe(f"{block}.cross_attn.out.in", mixed)
            x = x + self._linear(f"{block}.cross_attn.out", mixed)
            x = x + self._feed_forward(block, x)
        x = self._norm("dec.final_norm", x)
        self._observe(VOCABULARY_INPUT, x)
        return x

    def _floats(self, name: str) -> FloatArray:
        return np.asarray(self._tensors[name], np.float32)

    def _linear(self, stem: str, x: FloatArray) -> FloatArray:
        if f"{stem}.down.weight" in self._tensors:
            x = linear(x, self._floats(f"{stem}.down.weight"))
            self._observe(f"{stem}.down.out", x)
        bias = self._floats(f"{stem}.bias") if f"{stem}.bias" in self._tensors else None
        return linear(x, self._floats(f"{stem}.weight"), bias)

    def _norm(self, stem: str, x: FloatArray) -> FloatArray:
        return layer_norm(x, self._floats(f"{stem}.weight"), self._floats(f"{stem}.bias"))

    def _convolution(self, stem: str, x: FloatArray, stride: int) -> FloatArray:
        return convolve(x, self._floats(f"{stem}.weight"), self._floats(f"{stem}.bias"), stride)

    def _take_local_contexts(self, mixed: FloatArray) -> None:
        """Replace what local heads gave: they look at neighbors, which landmarks do not have."""
        assert self._tail is not None
        for i, head in enumerate(self._tail.local_heads):
            mixed[:, head * HEAD_DIM : (head + 1) * HEAD_DIM] = self._tail.contexts[-len(mixed) :, i]

    def _attention(self, stem: str, x: FloatArray, source: FloatArray, bias: FloatArray) -> FloatArray:
        """Let rows `x` look at rows of `source`; `bias` is added to the scores (n_x, n_source)."""
        q, k, v = (self._linear(f"{stem}.{part}", rows) for part, rows in zip("qkv", (x, source, source), strict=True))
        out = np.empty_like(v, shape=(len(x), v.shape[1]))
        n_heads = v.shape[1] // HEAD_DIM
        for q_head, k_head, first in zip(
            np.split(q, n_heads, 1), np.split(k, n_heads, 1), range(0, v.shape[1], HEAD_DIM), strict=True
        ):
            head = slice(first, first + HEAD_DIM)
            scores = q_head @ k_head.T / np.float32(np.sqrt(HEAD_DIM)) + bias
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            out[:, head] = (weights @ v[:, head]) / weights.sum(axis=1, keepdims=True)
        return out

    def _feed_forward(self, block: str, x: FloatArray) -> FloatArray:
        normed = self._norm(f"{block}.norm_ffn", x)
        self._observe(f"{block}.ffn.fc1.in", normed)
        wide = gelu(self._linear(f"{block}.ffn.fc1", normed))
        self._observe(f"{block}.ffn.fc2.in", wide)
        return self._linear(f"{block}.ffn.fc2", wide)


def _causal(n: int) -> FloatArray:
    """Make a bias for scores that is minus infinity where a token would see a later one."""
    return np.where(np.tri(n, dtype=bool), np.float32(0), np.float32(-np.inf))


# erf by Abramowitz and Stegun 7.1.26: |error| <= 1.5e-7, a float32's own rounding.
_ERF = np.array([0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429], np.float32)
_ERF_P = np.float32(0.3275911)


def gelu(x: FloatArray) -> FloatArray:
    """Multiply x by the normal distribution function of x, as Whisper has it (not the tanh approximation)."""
    magnitude = np.abs(x) / np.float32(np.sqrt(2))
    t = 1 / (1 + _ERF_P * magnitude)
    polynomial = np.zeros_like(t)
    for coefficient in _ERF[::-1]:
        polynomial = (polynomial + coefficient) * t
    upper = polynomial * np.exp(-magnitude * magnitude) / 2  # the normal tail beyond |x|
    y: FloatArray = np.where(x > 0, x * (1 - upper), x * upper).astype(np.float32)
    return y
