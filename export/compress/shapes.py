"""Which sizes an encoder layer can be given, what each saves, and giving them to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from edge.whisper.file.dims import HEAD_DIM, LayerShape, WhisperDims
from edge.whisper.file.layers import KEY_STEP, STEP

from .factors import Moments, narrow_hidden, narrow_keys, two_factors

Part = Literal["keys", "hidden", "out", "fc1", "fc2"]
PARTS: tuple[Part, ...] = get_args(Part)

_FIELDS: Mapping[Part, str] = {
    "keys": "key_width",
    "hidden": "ffn_width",
    "out": "out_rank",
    "fc1": "fc1_rank",
    "fc2": "fc2_rank",
}

_HIDDEN_STEP = 64


def smaller(shape: LayerShape, part: Part, dims: WhisperDims) -> LayerShape | None:
    """Find the next size down for a part of a layer; None where there is none, or where it saves nothing.

    Sizes are those that the kernels like: whole tiles. Hidden units go before the layer's matrices become two factors.
    """
    if part == "hidden" and (shape.fc1_rank or shape.fc2_rank):
        return None
    d = dims.n_audio_state
    value = getattr(shape, _FIELDS[part])
    if part == "keys":
        new = value - KEY_STEP
    elif part == "hidden":
        new = value - _HIDDEN_STEP * (-(-d // 512))
    else:
        k, n = {"out": (d, d), "fc1": (d, shape.ffn_width), "fc2": (shape.ffn_width, d)}[part]
        most = (n * k - 1) // (n + k) // STEP * STEP
        new = value - STEP if value else most
    tried = replace(shape, **{_FIELDS[part]: new})
    return tried if new > 0 and dims.layer_macs(tried) < dims.layer_macs(shape) else None


def with_layer(dims: WhisperDims, layer: int, shape: LayerShape) -> WhisperDims:
    """Give `dims` another shape for one layer."""
    layers = [dims.layer_shape(number) for number in range(dims.n_audio_layer)]
    layers[layer] = shape
    return replace(dims, layers=tuple(layers))


def reshape(
    tensors: Mapping[str, NDArray[Any]], moments: Mapping[str, Moments], layer: int, part: Part, shape: LayerShape
) -> tuple[dict[str, NDArray[np.float32]], dict[str, Moments]]:
    """Make new tensors for one part of a layer, smaller than it is; gives also the moments that this changes.

    `moments` are of inputs, by stem (network.Observer).
    """
    block = f"enc.blocks.{layer}"

    def floats(name: str) -> NDArray[np.float64]:
        return np.asarray(tensors[f"{block}.{name}"], np.float64)

    seen: dict[str, Moments] = {}
    if part == "keys":
        n_heads = len(floats("attn.v.weight")) // HEAD_DIM
        weights = floats("attn.q.weight"), floats("attn.q.bias"), floats("attn.k.weight")
        q, bias, k = narrow_keys(*weights, moments[f"{block}.attn"], n_heads, shape.key_width)
        found = {"attn.q.weight": q, "attn.q.bias": bias, "attn.k.weight": k}
    elif part == "hidden":
        hidden = moments[f"{block}.ffn.fc2"]
        kept, fc2, gain = narrow_hidden(floats("ffn.fc2.weight"), hidden, shape.ffn_width)
        seen[f"{block}.ffn.fc2"] = Moments(hidden.second[np.ix_(kept, kept)], hidden.mean[kept])
        found = {
            "ffn.fc1.weight": floats("ffn.fc1.weight")[kept],
            "ffn.fc1.bias": floats("ffn.fc1.bias")[kept],
            "ffn.fc2.weight": fc2,
            "ffn.fc2.bias": floats("ffn.fc2.bias") + gain,
        }
    else:
        stem = {"out": "attn.out", "fc1": "ffn.fc1", "fc2": "ffn.fc2"}[part]
        weight = floats(f"{stem}.weight")
        if f"{block}.{stem}.down.weight" in tensors:
            weight = weight @ floats(f"{stem}.down.weight")
        rank = getattr(shape, _FIELDS[part])
        down, up, bias = two_factors(weight, floats(f"{stem}.bias"), moments[f"{block}.{stem}"], rank)
        found = {f"{stem}.down.weight": down, f"{stem}.weight": up, f"{stem}.bias": bias}
    return {f"{block}.{name}": np.ascontiguousarray(array, np.float32) for name, array in found.items()}, seen
