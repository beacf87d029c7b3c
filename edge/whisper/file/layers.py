"""Stores the shapes of compressed encoder layers as keys of a model file.

Keys under `edgewise.layers.` are arrays with a number for each layer: `key_width`, `ffn_width`, `out_rank`, `fc1_rank`,
`fc2_rank`. A model as it was published does not have them.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from ...errors import FormatError
from ...gguf.file import GgufFile, MetadataValue
from ...gguf.keys import read_integers
from .dims import HEAD_DIM, LayerShape, WhisperDims

_PREFIX = "edgewise.layers."
_NAMES = tuple(field.name for field in fields(LayerShape))

KEY_STEP = 16
"""Step of the widths of queries and keys: a tile of the kernels."""

STEP = 32
"""Step of other widths and of ranks: a group of INT4 weights."""


def layers_metadata(dims: WhisperDims) -> dict[str, MetadataValue]:
    """Give the shapes as keys; nothing for a model that is not compressed."""
    if not dims.layers:
        return {}
    return {f"{_PREFIX}{name}": np.array([getattr(layer, name) for layer in dims.layers], np.int32) for name in _NAMES}


def read_layers(file: GgufFile, dims: WhisperDims) -> WhisperDims:
    """Read the shapes of compressed layers, if the file has them, into `dims`.

    Raises:
        FormatError: they are not those of an encoder of these sizes.
    """
    if f"{_PREFIX}{_NAMES[0]}" not in file.metadata:
        return dims
    columns = []
    for name in _NAMES:
        key = f"{_PREFIX}{name}"
        if key not in file.metadata:
            raise FormatError(f"{file.path}: the key {key} is missing")
        numbers = read_integers(file, key, dims.n_audio_layer)
        if len(numbers) != dims.n_audio_layer:
            raise FormatError(f"{file.path}: {key}: expected {dims.n_audio_layer} numbers, found {len(numbers)}")
        columns.append(numbers)
    layers = tuple(LayerShape(*numbers) for numbers in zip(*columns, strict=True))
    for number, layer in enumerate(layers):
        if not is_sound(layer, dims):
            raise FormatError(f"{file.path}: {_PREFIX}*: encoder layer {number} cannot have the shape {layer}")
    return replace(dims, layers=layers)


def is_sound(layer: LayerShape, dims: WhisperDims) -> bool:
    """Whether the engine can run a layer of this shape in a model of these sizes."""
    width = dims.n_audio_state
    ranks = (layer.out_rank, layer.fc1_rank, layer.fc2_rank)
    return (
        KEY_STEP <= layer.key_width <= HEAD_DIM
        and STEP <= layer.ffn_width <= 4 * width
        and all(0 <= rank <= width and rank % STEP == 0 for rank in ranks)
        and layer.key_width % KEY_STEP == 0
        and layer.ffn_width % STEP == 0
    )
