"""GGUF in the `stt.whisper.*` layout, from transcribe.cpp's converter or from edgewise itself.

`edge.whisper.file` reads and checks the file; what is quantized in it is widened to float32.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge import quant
from edge.files import sha256_of
from edge.gguf.types import TensorType
from edge.whisper.file.dims import tensor_shapes
from edge.whisper.file.embedding import CHANNEL_SCALE, EMBEDDING, embedding_bands
from edge.whisper.file.model import ModelFile, open_model

from ..checkpoint.types import Checkpoint, Hints, build_checkpoint
from ..checkpoint.vocabulary import vocabulary_from_text
from .blocks import dequantize_blocks

MAGIC = b"GGUF"


def read_gguf(path: Path) -> Checkpoint:
    """Read a model file of any precision. A lossy one yields the weights that it stands for."""
    with open_model(path) as model:
        tensors = {
            name: _embedding(model) if name == f"{EMBEDDING}.weight" else _floats(model, name)
            for name in tensor_shapes(model.dims)
        }
        text_tokens = model.vocabulary.tokens[: model.vocabulary.n_special_from]
        is_ours = "edgewise.alignment_heads" in model.metadata
        return build_checkpoint(
            path,
            model.dims,
            tensors,
            vocabulary_from_text(path, model.dims, text_tokens),
            Hints(
                name=str(model.metadata.get("stt.variant", model.name)),
                alignment_heads=model.alignment_heads if is_ours else None,
                mel_filters=model.mel_filters,
                suppress_tokens=model.suppress_tokens or None,
                suppress_begin=model.suppress_begin or None,
                source_sha256=sha256_of(path),
            ),
        )


def _embedding(model: ModelFile) -> NDArray[Any]:
    bands = [_floats(model, f"{stem}.weight") for stem in embedding_bands(model.tensors)]
    whole = bands[0] if len(bands) == 1 else np.concatenate(bands)
    channels = model.tensors.get(CHANNEL_SCALE)
    return whole if channels is None else whole * channels.data


def _floats(model: ModelFile, name: str) -> NDArray[Any]:
    stored = model.tensors[name]
    if stored.type in (TensorType.F32, TensorType.F16):
        return stored.data
    if stored.type is TensorType.I8:
        return quant.dequantize_int8(stored.data, model.tensors[f"{name}_scale"].data)
    return dequantize_blocks(stored.type.value, stored.data)
