"""Reads the tail: a model file's description of the padding after a clip, so that it need not be computed whole.

Whisper was trained on windows of 30 s, and without their padding it runs on or repeats itself. `export.landmarks`
chooses landmarks, a few positions that stand for all the padding; the engine encodes those beyond the clip with the
clip. Keys under `edgewise.tail.`: `stride`, `positions`, `counts`, `local_heads`, and `contexts` (one array,
flattened).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...gguf.file import GgufFile, MetadataValue
from ...gguf.keys import read, read_integers
from .dims import FRAMES_PER_POSITION, HEAD_DIM, WhisperDims

_PREFIX = "edgewise.tail."

_MARGIN = 8
"""Positions of padding after every clip: 0.16 s. Fewer cost words, more gain nothing that shows."""

PADDING = np.float32(-0.75)
"""Features of silence in a window of usual loudness: its loudest value is 1, the floor 8 lower, then (x + 4) / 4."""


@dataclass(frozen=True, slots=True)
class Tail:
    """Landmarks of the padding."""

    stride: int
    """Step in encoder positions: clips end at a multiple of it, so that every landmark after the end counts in full."""
    positions: NDArray[np.int32]
    """Positions of the landmarks in the window, ascending: (n_landmarks,)."""
    counts: NDArray[np.int32]
    """Number of positions that each landmark stands for: (n_landmarks,)."""
    local_heads: NDArray[np.int32]
    """Heads of the first encoder layer that look only at their neighbors: (n_local,)."""
    contexts: NDArray[np.float32]
    """Outputs of these heads in a window of padding alone: (n_landmarks, n_local, 64)."""


def clip_positions(tail: Tail, n_frames: int, dims: WhisperDims) -> int:
    """Count the encoder positions to compute for a clip of `n_frames` mel frames; the landmarks come after them.

    A little of the padding is computed with the clip, up to a multiple of the stride: the convolutions see across the
    clip's end, and so do the nearest positions. The whole window is computed where little would be saved.
    """
    wanted = -(-n_frames // FRAMES_PER_POSITION) + _MARGIN
    rounded = -(-wanted // tail.stride) * tail.stride
    return rounded if rounded + tail.stride <= dims.n_audio_ctx else dims.n_audio_ctx


def tail_metadata(tail: Tail) -> dict[str, MetadataValue]:
    """Give a tail as the keys of a model file."""
    return {
        f"{_PREFIX}stride": tail.stride,
        f"{_PREFIX}positions": tail.positions,
        f"{_PREFIX}counts": tail.counts,
        f"{_PREFIX}local_heads": tail.local_heads,
        f"{_PREFIX}contexts": tail.contexts.reshape(-1),
    }


def read_tail(file: GgufFile, dims: WhisperDims) -> Tail | None:
    """Read the tail of a model file; None if it has none.

    Raises:
        FormatError: it is not one of a model of these sizes.
    """
    if f"{_PREFIX}stride" not in file.metadata:
        return None
    stride = read(file, f"{_PREFIX}stride", int)
    positions = _read_ids(file, "positions", dims.n_audio_ctx, dims.n_audio_ctx)
    counts = _read_ids(file, "counts", dims.n_audio_ctx, dims.n_audio_ctx + 1)
    heads = _read_ids(file, "local_heads", dims.n_audio_head, dims.n_audio_head)
    contexts = _read_floats(file, "contexts", len(positions) * len(heads) * HEAD_DIM)
    if not 1 <= stride <= dims.n_audio_ctx:
        raise FormatError(f"{file.path}: {_PREFIX}stride: expected 1 to {dims.n_audio_ctx}, found {stride}")
    if len(counts) != len(positions) or (np.diff(positions) <= 0).any() or (counts < 1).any():
        raise FormatError(f"{file.path}: {_PREFIX}positions: expected ascending positions and a count for each")
    return Tail(stride, positions, counts, heads, contexts.reshape(len(positions), len(heads), HEAD_DIM))


def _read_ids(file: GgufFile, name: str, most: int, below: int) -> NDArray[np.int32]:
    key = f"{_PREFIX}{name}"
    if key not in file.metadata:
        raise FormatError(f"{file.path}: the key {key} is missing")
    ids = read_integers(file, key, most)
    for id_ in ids:
        if not 0 <= id_ < below:
            raise FormatError(f"{file.path}: {key}: expected numbers from 0 to {below - 1}, found {id_}")
    return np.array(ids, np.int32)


def _read_floats(file: GgufFile, name: str, n: int) -> NDArray[np.float32]:
    key = f"{_PREFIX}{name}"
    found = file.metadata.count(key) if key in file.metadata else 0
    if found != n:  # before it is read
        raise FormatError(f"{file.path}: {key}: expected {n} numbers, found {found}")
    values = np.zeros(0) if file.metadata.holds_strings(key) else np.asarray(file.metadata[key])
    if values.dtype != np.float32 or values.shape != (n,) or not np.isfinite(values).all():
        raise FormatError(f"{file.path}: {key}: expected {n} finite float32 numbers")
    return np.array(values, np.float32)
