"""Whisper written down in numpy, to be read: what the engines are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from math import erf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .random_whisper import HEADS

Floats = NDArray[np.floating[Any]]


class NumpyWhisper:
    """The model in float64, as Radford et al. 2022 and openai-whisper define it."""

    def __init__(self, tensors: Mapping[str, NDArray[np.float32]]) -> None:
        self.w = {name: values.astype(np.float64) for name, values in tensors.items()}

    def blocks(self, side: str) -> list[str]:
        """Names of the encoder's (`enc`) or the decoder's (`dec`) layers."""
        numbers = {int(name.split(".")[2]) for name in self.w if name.startswith(f"{side}.blocks.")}
        return [f"{side}.blocks.{number}" for number in sorted(numbers)]

    def linear(self, name: str, x: Floats) -> Floats:
        if f"{name}.down.weight" in self.w:
            x = x @ self.w[f"{name}.down.weight"].T
        y: Floats = x @ self.w[f"{name}.weight"].T + self.w.get(f"{name}.bias", np.zeros(1))
        return y

    def norm(self, name: str, x: Floats) -> Floats:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        y: Floats = scaled * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]
        return y

    def convolution(self, name: str, x: Floats, stride: int) -> Floats:
        padded = np.pad(x, ((1, 1), (0, 0)))
        windows = [padded[t : t + 3].T for t in range(0, len(x), stride)]
        y: Floats = np.einsum("tik,oik->to", np.array(windows), self.w[f"{name}.weight"]) + self.w[f"{name}.bias"]
        return y

    def attention(self, name: str, x: Floats, source: Floats, *, causal: bool = False) -> tuple[Floats, Floats]:
        q, k, v = (self.linear(f"{name}.{part}", rows) for part, rows in zip("qkv", (x, source, source), strict=True))
        n_heads = v.shape[1] // 64
        heads = [slice(64 * head, 64 * head + 64) for head in range(n_heads)]
        weights = []
        for q_head, k_head in zip(np.split(q, n_heads, 1), np.split(k, n_heads, 1), strict=True):
            scores = q_head @ k_head.T / 8
            if causal:
                scores = np.where(np.tri(len(scores), dtype=bool), scores, -np.inf)
            e = np.exp(scores - scores.max(-1, keepdims=True))
            weights.append(e / e.sum(-1, keepdims=True))
        mixed = np.concatenate([w @ v[:, head] for w, head in zip(weights, heads, strict=True)], axis=1)
        return self.linear(f"{name}.out", mixed), np.array(weights)

    def feed_forward(self, block: str, x: Floats) -> Floats:
        return self.linear(f"{block}.ffn.fc2", gelu(self.linear(f"{block}.ffn.fc1", self.norm(f"{block}.norm_ffn", x))))

    def encode(self, features: Floats) -> Floats:
        x = self.front(features)
        return self.layers(x + self.w["enc.pos_emb.weight"][: len(x)])

    def front(self, features: Floats) -> Floats:
        return gelu(self.convolution("enc.conv.1", gelu(self.convolution("enc.conv.0", features, 1)), 2))

    def layers(self, x: Floats) -> Floats:
        for block in self.blocks("enc"):
            normed = self.norm(f"{block}.norm_attn", x)
            x = x + self.attention(f"{block}.attn", normed, normed)[0]
            x = x + self.feed_forward(block, x)
        return self.norm("enc.final_norm", x)

    def decode(self, tokens: NDArray[np.int32], states: Floats) -> tuple[Floats, Floats]:
        x = self.w["dec.token_embd.weight"][tokens] + self.w["dec.pos_emb.weight"][: len(tokens)]
        cross = []
        for block in self.blocks("dec"):
            normed = self.norm(f"{block}.norm_self", x)
            x = x + self.attention(f"{block}.self_attn", normed, normed, causal=True)[0]
            mixed, weights = self.attention(f"{block}.cross_attn", self.norm(f"{block}.norm_cross", x), states)
            x = x + mixed
            cross.append(weights)
            x = x + self.feed_forward(block, x)
        logits = self.norm("dec.final_norm", x) @ self.w["dec.token_embd.weight"].T
        return logits, np.array([cross[layer][head] for layer, head in HEADS])


def gelu(x: Floats) -> Floats:
    y: Floats = x * 0.5 * (1 + np.vectorize(erf)(x / np.sqrt(2)))
    return y
