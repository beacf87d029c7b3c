"""Running weights that are in no file yet, for what must look at a model at work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.whisper.engines.native import WhisperEngine
from edge.whisper.file.dims import WhisperDims
from edge.whisper.file.landmarks import Tail


@dataclass(frozen=True, slots=True)
class _Weights:
    """Parts of a model file that the engine reads."""

    path: Path
    dims: WhisperDims
    tensors: Mapping[str, StoredTensor]
    alignment_heads: tuple[tuple[int, int], ...] = ()
    tail: Tail | None = None


def engine_of(
    name: str, dims: WhisperDims, tensors: Mapping[str, StoredTensor], tail: Tail | None = None
) -> WhisperEngine:
    """Build the engine on these tensors; its errors call the model `name`."""
    return WhisperEngine(_Weights(Path(name), dims, tensors, tail=tail))


def in_float32(tensors: Mapping[str, NDArray[Any]]) -> dict[str, StoredTensor]:
    """Store tensors as float32."""
    return {
        name: StoredTensor(name, TensorType.F32, tensor.shape, np.ascontiguousarray(tensor, np.float32))
        for name, tensor in tensors.items()
    }
