"""Choosing the landmarks of the padding (edge.whisper.file.landmarks), from a window of nothing but padding.

Far from speech one position of the padding is like the next, so that every `STRIDE`-th, counted `STRIDE` times,
would do, but for three things that this module looks for in the model itself:

- Registers: some positions turn into outliers with up to forty times the usual norm and gather what the whole
  window says (Darcet et al. 2024, "Vision Transformers Need Registers", for images). Each is a landmark of its
  own; counting one as a whole stretch would drown everything else.
- Local heads: in the first layer some heads look at their nearest neighbors, which landmarks do not have.
- The last position, beyond which nothing lies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge.arrays import FloatArray
from edge.gguf.file import StoredTensor
from edge.quant import dequantize_int8
from edge.whisper.engines.native import WhisperEngine
from edge.whisper.engines.weights import to_float32
from edge.whisper.file.dims import FRAMES_PER_POSITION, HEAD_DIM, WhisperDims
from edge.whisper.file.landmarks import PADDING, Tail

from .engine import engine_of
from .quantize.policy import Quantized
from .reference import layer_norm, linear, softmax

STRIDE = 48
"""Positions that an ordinary landmark stands for: 0.96 s."""

REGISTER_NORM = 1.5
"""A register's norm in some layer, as a multiple of the layer's median."""

LOCAL_MASS = 0.9
"""A local head's share of attention within `LOCAL_REACH` positions."""

LOCAL_REACH = 8

_FIRST_BLOCK = "enc.blocks.0"
_SCALE = np.float32(np.sqrt(HEAD_DIM))


def find_tail(name: str, dims: WhisperDims, quantized: Mapping[str, Quantized]) -> Tail:
    """Find the landmarks of a model with these weights; errors call it `name`.

    They are the encoder's alone, so that the engine gets no more of the decoder than it must have.
    """
    tensors = {part.name: part for tensor in quantized.values() for part in tensor.parts}
    return landmarks_of(engine_of(name, replace(dims, n_text_layer=1), tensors), tensors)


def landmarks_of(engine: WhisperEngine, tensors: Mapping[str, StoredTensor]) -> Tail:
    """Encode a window of padding with an engine on these tensors, and choose its landmarks."""
    dims = engine.dims
    padding = np.full((dims.n_audio_ctx * FRAMES_PER_POSITION, dims.n_mels), PADDING, np.float32)
    hidden = engine.new_state().hidden_states(padding)
    positions, counts = choose_landmarks(register_scores(hidden))
    heads, contexts = local_contexts(hidden[0], tensors, positions)
    return Tail(min(STRIDE, dims.n_audio_ctx), positions, counts, heads, contexts)


def register_scores(hidden: FloatArray) -> FloatArray:
    """Score how far each position stands out in what any layer reads, from states (n_layers + 1, n_ctx, n_state).

    A score is the norm over the median of all positions; what the last layer gives is normalized before it is read.
    """
    norms = np.array([np.linalg.norm(layer, axis=1) for layer in hidden[:-1]])
    scores: FloatArray = (norms / np.median(norms, axis=1, keepdims=True)).max(axis=0)
    return scores


def choose_landmarks(scores: FloatArray) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Choose landmarks (n,) by the positions' register scores; gives also how many positions each stands for."""
    is_register = scores > REGISTER_NORM
    is_register[-1] = False
    last = len(scores) - 1
    chosen = [(last, 1)] + [
        landmark
        for first in range(0, last, STRIDE)
        for landmark in _landmarks_within(first, min(first + STRIDE, last), scores, is_register)
    ]
    positions, counts = np.array(sorted(chosen), np.int32).T
    return np.ascontiguousarray(positions), np.ascontiguousarray(counts)


def _landmarks_within(
    first: int, last: int, scores: FloatArray, is_register: NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Give (position, count) of each run of registers, and of the one nearest the middle for all others together."""
    positions = np.arange(first, last)
    registers, others = positions[is_register[first:last]], positions[~is_register[first:last]]
    if len(others):
        yield int(others[np.argmin(np.abs(others - (first + last) / 2))]), len(others)
    if len(registers):
        for run in np.split(registers, np.flatnonzero(np.diff(registers) > 1) + 1):
            yield int(run[np.argmax(scores[run])]), len(run)


def local_contexts(
    states: FloatArray, tensors: Mapping[str, StoredTensor], positions: NDArray[np.int32]
) -> tuple[NDArray[np.int32], FloatArray]:
    """Find the first layer's local heads (n_local,), and their contexts (n, n_local, 64) at positions (n,)."""
    norm, attention = f"{_FIRST_BLOCK}.norm_attn", f"{_FIRST_BLOCK}.attn"
    x = layer_norm(states, _floats(tensors, f"{norm}.weight"), _floats(tensors, f"{norm}.bias"))
    q, k, v = (_project(x, tensors, f"{attention}.{part}") for part in "qkv")
    n_ctx, n_state = states.shape
    probes = np.arange(LOCAL_REACH, n_ctx - LOCAL_REACH, 2 * LOCAL_REACH)
    near = np.abs(np.arange(n_ctx) - probes[:, None]) <= LOCAL_REACH
    heads, contexts = [], []
    n_heads = n_state // HEAD_DIM
    for head, (q_head, k_head) in enumerate(zip(np.split(q, n_heads, 1), np.split(k, n_heads, 1), strict=True)):
        weights = softmax(q_head[probes] @ k_head.T / _SCALE)
        if (weights * near).sum(axis=1).mean() > LOCAL_MASS:
            heads.append(head)
            values = v[:, head * HEAD_DIM : (head + 1) * HEAD_DIM]
            contexts.append(softmax(q_head[positions] @ k_head.T / _SCALE) @ values)
    shape = (len(heads), len(positions), HEAD_DIM)
    stacked = np.array(contexts, np.float32).reshape(shape).transpose(1, 0, 2)
    return np.array(heads, np.int32), np.ascontiguousarray(stacked)


def _floats(tensors: Mapping[str, StoredTensor], name: str) -> FloatArray:
    scales = tensors.get(f"{name}_scale")
    if scales is not None:
        return dequantize_int8(tensors[name].data, scales.data)
    return to_float32(tensors[name])


def _project(x: FloatArray, tensors: Mapping[str, StoredTensor], stem: str) -> FloatArray:
    bias = to_float32(tensors[f"{stem}.bias"]) if f"{stem}.bias" in tensors else None
    return linear(x, _floats(tensors, f"{stem}.weight"), bias)
