"""Whisper in torch, as functions of a checkpoint's tensors: for what needs gradients, or many clips at once.

Compressed encoder layers (edge.whisper.file.dims.LayerShape) are seen from the tensors' shapes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from edge.whisper.file.dims import HEAD_DIM, WhisperDims

Tensors: TypeAlias = Mapping[str, torch.Tensor]

Observer: TypeAlias = Callable[[str, torch.Tensor], None]
"""Function called with the stem of a linear (`enc.blocks.0.ffn.fc1`; `….attn` for its q, k and v) and its input."""


def to_torch(tensors: Mapping[str, NDArray[Any]]) -> dict[str, torch.Tensor]:
    """Turn a checkpoint's tensors into torch's, float32."""
    return {name: torch.from_numpy(np.array(tensor, np.float32)) for name, tensor in tensors.items()}


def convolve(tensors: Tensors, features: torch.Tensor) -> torch.Tensor:
    """Turn features (batch, 2 n_ctx, n_mels) into what goes into the first layer, (batch, n_ctx, n_state).

    A clip may be shorter than the window; nothing then stands behind it.
    """
    x = _convolution(tensors, "enc.conv.0", features.transpose(1, 2), 1)
    x = _convolution(tensors, "enc.conv.1", x, 2).transpose(1, 2)
    return x + tensors["enc.pos_emb.weight"][: x.shape[1]]


def encode(
    tensors: Tensors, dims: WhisperDims, x: torch.Tensor, first: int = 0, observe: Observer | None = None
) -> list[torch.Tensor]:
    """Run layers from `first` on: the input (batch, n_ctx, n_state), the states after each layer, and the output."""
    states = [x]
    for layer in range(first, dims.n_audio_layer):
        states.append(encoder_layer(tensors, f"enc.blocks.{layer}", states[-1], observe))
    return [*states, _norm(tensors, "enc.final_norm", states[-1])]


def encoder_layer(tensors: Tensors, block: str, x: torch.Tensor, observe: Observer | None = None) -> torch.Tensor:
    """Run one layer: states (batch, n_ctx, n_state) in and out."""
    normed = _norm(tensors, f"{block}.norm_attn", x)
    if observe is not None:
        observe(f"{block}.attn", normed)
    x = x + _attention(tensors, f"{block}.attn", normed, normed, observe=observe)
    return x + _feed_forward(tensors, block, x, observe)


def decode(tensors: Tensors, dims: WhisperDims, tokens: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
    """Read tokens (batch, n) beside the encoder's output; gives what the vocabulary is multiplied with."""
    x = (
        functional.embedding(tokens, tensors["dec.token_embd.weight"])
        + tensors["dec.pos_emb.weight"][: tokens.shape[1]]
    )
    for layer in range(dims.n_text_layer):
        block = f"dec.blocks.{layer}"
        normed = _norm(tensors, f"{block}.norm_self", x)
        x = x + _attention(tensors, f"{block}.self_attn", normed, normed, causal=True)
        x = x + _attention(tensors, f"{block}.cross_attn", _norm(tensors, f"{block}.norm_cross", x), states)
        x = x + _feed_forward(tensors, block, x, None)
    return _norm(tensors, "dec.final_norm", x)


def _linear(tensors: Tensors, stem: str, x: torch.Tensor) -> torch.Tensor:
    down = tensors.get(f"{stem}.down.weight")
    if down is not None:
        x = functional.linear(x, down)
    return functional.linear(x, tensors[f"{stem}.weight"], tensors.get(f"{stem}.bias"))


def _norm(tensors: Tensors, stem: str, x: torch.Tensor) -> torch.Tensor:
    return functional.layer_norm(x, (x.shape[-1],), tensors[f"{stem}.weight"], tensors[f"{stem}.bias"])


def _convolution(tensors: Tensors, stem: str, x: torch.Tensor, stride: int) -> torch.Tensor:
    return functional.gelu(
        functional.conv1d(x, tensors[f"{stem}.weight"], tensors[f"{stem}.bias"], stride=stride, padding=1)
    )


def _attention(
    tensors: Tensors,
    stem: str,
    x: torch.Tensor,
    source: torch.Tensor,
    *,
    causal: bool = False,
    observe: Observer | None = None,
) -> torch.Tensor:
    q, k, v = (_linear(tensors, f"{stem}.{part}", rows) for part, rows in zip("qkv", (x, source, source), strict=True))
    n_heads = v.shape[-1] // HEAD_DIM
    q, k, v = (rows.view(*rows.shape[:2], n_heads, -1).transpose(1, 2) for rows in (q, k, v))
    q, k = (functional.pad(rows, (0, HEAD_DIM - rows.shape[-1])) for rows in (q, k))  # else torch takes a slow way
    mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=causal, scale=1 / math.sqrt(HEAD_DIM))
    mixed = mixed.transpose(1, 2).flatten(-2)
    if observe is not None:
        observe(f"{stem}.out", mixed)
    return _linear(tensors, f"{stem}.out", mixed)


def _feed_forward(tensors: Tensors, block: str, x: torch.Tensor, observe: Observer | None) -> torch.Tensor:
    normed = _norm(tensors, f"{block}.norm_ffn", x)
    wide = functional.gelu(_linear(tensors, f"{block}.ffn.fc1", normed))
    if observe is not None:
        observe(f"{block}.ffn.fc1", normed)
        observe(f"{block}.ffn.fc2", wide)
    return _linear(tensors, f"{block}.ffn.fc2", wide)
