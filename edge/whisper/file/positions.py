"""Computes the encoder's positions: sinusoids in every published Whisper, which a file may name instead of holding.

Such a file has `edgewise.encoder_positions` = "sinusoids" and no `enc.pos_emb.weight`. In an INT4 model that saves one
byte in twenty-five, of which other weights make better use.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...gguf.file import GgufFile, StoredTensor
from ...gguf.keys import read_optional
from ...gguf.types import TensorType
from .dims import WhisperDims

POSITIONS = "enc.pos_emb.weight"
POSITIONS_KEY = "edgewise.encoder_positions"
SINUSOIDS = "sinusoids"

_LONGEST_PERIOD = 10_000.0
_HALF_ULP = 2.0**-12
"""Half a step of float16 just below 1: published positions are rounded to float16."""


def sinusoids(n_ctx: int, width: int) -> NDArray[np.float32]:
    """Compute sines and, after them, cosines of falling frequencies (Vaswani et al. 2017): (n_ctx, width)."""
    frequencies = _LONGEST_PERIOD ** -np.linspace(0, 1, width // 2)
    angles = np.arange(n_ctx)[:, None] * frequencies
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1, dtype=np.float32)


def are_sinusoids(positions: NDArray[np.generic]) -> bool:
    """Whether positions are `sinusoids`, apart from a rounding to float16."""
    difference = np.abs(positions.astype(np.float32) - sinusoids(*positions.shape))
    return bool(difference.max() <= 1.01 * _HALF_ULP)


def names_positions(file: GgufFile) -> bool:
    """Whether the file leaves its positions to be computed.

    Raises:
        FormatError: the key is not text.
    """
    return read_optional(file, POSITIONS_KEY, str, "") == SINUSOIDS and POSITIONS not in file.tensors


def computed_positions(dims: WhisperDims) -> StoredTensor:
    """Compute the positions that such a file does not hold."""
    shape = dims.n_audio_ctx, dims.n_audio_state
    return StoredTensor(POSITIONS, TensorType.F32, shape, sinusoids(*shape))
