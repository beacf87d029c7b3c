"""Equalization: channels of activations made alike, so that rounding a row to INT8 spares the small ones.

A few channels of what norms give are many times larger than the others, and a row's one scale follows them. SmoothQuant
(Xiao et al. 2022) divides channel j of an activation by s_j and multiplies column j of the weights behind it: the same
function in floating point. In Whisper's encoder s is folded into the norm before queries, keys and values and before
the feed-forward layer, and into the values before the attention's output. The decoder needs none: its activations are
rounded to two digits.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.arrays import FloatArray
from edge.whisper.file.dims import WhisperDims

_SHARE = 0.5
"""Power of the root mean square that s is: at 1 the activations would be alike and the weights' columns far apart."""

_LARGEST = np.float32(32)


def equalize(
    dims: WhisperDims, tensors: Mapping[str, NDArray[Any]], moments: Mapping[str, FloatArray]
) -> tuple[dict[str, NDArray[Any]], dict[str, FloatArray]]:
    """Make an encoder's activations alike without changing what it computes; gives also their new moments.

    `moments` are of the inputs of linears, by name (`export.calibrate.forward.input_of`).
    """
    new, seen = dict(tensors), dict(moments)
    for block in (f"enc.blocks.{layer}" for layer in range(dims.n_audio_layer)):
        for name, before, behind in _places(block):
            scales = _scales(np.diagonal(moments[name]))
            for tensor in before:
                new[tensor] = _times(new[tensor], np.float32(1) / scales, axis=0)
            for tensor in (_first_factor(name, tensors) for name in behind):
                new[tensor] = _times(new[tensor], scales, axis=1)
            seen[name] = moments[name] / (scales[:, None] * scales)
    return new, seen


def _places(block: str) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """List (input, tensors whose outputs are its channels, weights that read it) for inputs that can be equalized."""
    attention = f"{block}.attn"
    norm = (f"{block}.norm_attn.weight", f"{block}.norm_attn.bias")
    yield f"{attention}.in", norm, tuple(f"{attention}.{part}.weight" for part in "qkv")
    yield f"{attention}.out.in", (f"{attention}.v.weight", f"{attention}.v.bias"), (f"{attention}.out.weight",)
    norm = (f"{block}.norm_ffn.weight", f"{block}.norm_ffn.bias")
    yield f"{block}.ffn.fc1.in", norm, (f"{block}.ffn.fc1.weight",)


def _first_factor(name: str, tensors: Container[str]) -> str:
    """Name the weights that read the input of `X.weight`: its own, or its first factor's."""
    down = name.replace(".weight", ".down.weight")
    return down if down in tensors else name


def _scales(power: NDArray[np.float32]) -> FloatArray:
    """Find a scale for each channel, around 1, from mean squares (k,)."""
    rms = np.sqrt(np.maximum(power, np.float32(1e-12)))
    scales = np.exp(_SHARE * (np.log(rms) - np.log(rms).mean()))
    bounded: FloatArray = np.clip(scales, 1 / _LARGEST, _LARGEST).astype(np.float32)
    return bounded


def _times(tensor: NDArray[Any], factors: FloatArray, axis: int) -> FloatArray:
    shape = (1,) * axis + (-1,) + (1,) * (tensor.ndim - 1 - axis)
    return tensor.astype(np.float32) * factors.reshape(shape)
