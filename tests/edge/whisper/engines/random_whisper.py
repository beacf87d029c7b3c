"""A small random Whisper: its weights, its file, an engine on it, and sound to hear."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.quant import quantize_int8, quantize_q4_0
from edge.whisper.engines.native import EngineState, WhisperEngine
from edge.whisper.file.dims import LayerShape, WhisperDims, tensor_shapes
from edge.whisper.file.landmarks import Tail

DIMS = WhisperDims(80, 100, 40, 128, 2, 2, 32, 128, 2, 2)
COMPRESSED = dataclasses.replace(DIMS, layers=(LayerShape(16, 512, 64, 32, 96), LayerShape(48, 224, 0, 0, 128)))
HEADS = ((0, 1), (1, 0))
"""Layer and head of each alignment head."""
TOKENS = np.array([[3, 99, 0, 17, 42, 42, 5]], np.int32)


def random_tensors(dims: WhisperDims = DIMS, seed: int = 7) -> dict[str, NDArray[np.float32]]:
    """Weights whose layers neither vanish nor explode."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for name, shape in tensor_shapes(dims).items():
        fan_in = int(np.prod(shape[1:])) or 1
        values = rng.standard_normal(shape) / np.sqrt(fan_in if len(shape) > 1 else 25)
        tensors[name] = (values + (name.endswith("weight") and "norm" in name)).astype(np.float32)
    return tensors


def model_file(
    tensors: Mapping[str, NDArray[np.float32]], precision: str, dims: WhisperDims = DIMS, tail: Tail | None = None
) -> Any:
    """What the engine reads of a model file."""
    stored: dict[str, StoredTensor] = {}
    for name, values in tensors.items():
        is_matrix = values.ndim == 2 and "pos_emb" not in name
        if precision == "int8" and is_matrix:
            codes, scales = quantize_int8(values)
            stored[name] = StoredTensor(name, TensorType.I8, values.shape, codes)
            stored[f"{name}_scale"] = StoredTensor(f"{name}_scale", TensorType.F32, scales.shape, scales)
        elif precision == "int4" and is_matrix:
            stored[name] = StoredTensor(name, TensorType.Q4_0, values.shape, quantize_q4_0(values))
        else:
            stored[name] = StoredTensor(name, TensorType.F32, values.shape, values)
    return SimpleNamespace(
        dims=dims,
        tensors=stored,
        alignment_heads=HEADS,
        path=Path("random.gguf"),
        tail=tail,
    )


def engine(
    precision: str = "f32", threads: int = 2, tail: Tail | None = None, dims: WhisperDims = DIMS
) -> WhisperEngine:
    return WhisperEngine(model_file(random_tensors(dims), precision, dims, tail), threads=threads)


def mel(n_frames: int = 50, seed: int = 1) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((n_frames, DIMS.n_mels)).astype(np.float32)


def run(state: EngineState, features: NDArray[np.float32]) -> NDArray[np.float32]:
    state.encode(features)
    logits: NDArray[np.float32] = state.decode(TOKENS, last_only=False)[0]
    return logits
