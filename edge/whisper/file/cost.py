"""What a Whisper model of given sizes costs at each precision: bytes of its file, and of memory while it runs."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ...gguf.types import BLOCKS, TensorType
from ..features import N_FFT
from .dims import WhisperDims, tensor_shapes
from .embedding import BAND_STEP, FREQUENT
from .positions import POSITIONS
from .roles import POLICY, Precision, Role, role_of

_N_TEXT_TOKENS = 50_256
"""Tokens of the vocabulary that are text; those behind them are Whisper's own."""

_HEADER_BYTES, _MORE_TOKENS_BYTES = 1_842_000, 152_000
"""Bytes of a model file before its tensors, nearly all of them the vocabulary's, and what all languages add to it."""

_PROCESS_BYTES = 58_000_000
"""Bytes of a process that transcribes, without the model."""

_INTEGER = (TensorType.I8, TensorType.Q4_0)


def n_weights(dims: WhisperDims) -> int:
    """Count the weights of a model."""
    return sum(map(math.prod, tensor_shapes(dims).values()))


def file_bytes(dims: WhisperDims, precision: Precision, *, is_calibrated: bool = False) -> int:
    """Compute the size of a model file, within a percent; what INT4 hurts most stays INT8 where it is calibrated."""
    front_end = 4 * (dims.n_mels * (N_FFT // 2 + 1) + N_FFT)
    header = _HEADER_BYTES + _MORE_TOKENS_BYTES * dims.is_multilingual + front_end
    kept = _kept_bytes(dims) if precision == "int4" and is_calibrated else 0
    return header + kept + sum(_stored_bytes(kind, shape) for _, kind, shape in _tensors(dims, precision))


def memory_bytes(dims: WhisperDims, precision: Precision) -> int:
    """Estimate the most memory that a process has while it transcribes a full window, a beam at a time."""
    weights = sum(_packed_bytes(kind, shape) for _, kind, shape in _tensors(dims, precision))
    is_integer = POLICY[precision][Role.LINEAR] in _INTEGER
    return (
        _PROCESS_BYTES + weights + _work_bytes(dims, is_integer=is_integer) + state_bytes(dims, is_integer=is_integer)
    )


def state_bytes(dims: WhisperDims, *, is_integer: bool) -> int:
    """Estimate what each transcription adds to the memory, of a full window and a beam at a time."""
    width, n_ctx = dims.n_audio_state, dims.n_audio_ctx
    cross = 2 * _cell(is_integer) * dims.n_text_layer * n_ctx * width
    own = 2 * 4 * dims.n_text_layer * dims.n_text_ctx * width
    encoder = 4 * n_ctx * (2 * dims.n_mels + width)
    return cross + own + encoder


def _work_bytes(dims: WhisperDims, *, is_integer: bool) -> int:
    """Estimate the memory that all transcriptions of a model work in."""
    width, n_ctx = dims.n_audio_state, dims.n_audio_ctx
    keys = 2 * _cell(is_integer) * n_ctx * width
    return keys + 4 * n_ctx * width * (5 if is_integer else 3)


def _cell(is_integer: bool) -> int:
    """Count the bytes of a key or a value in one dimension."""
    return 1 if is_integer else 4


def _tensors(dims: WhisperDims, precision: Precision) -> Iterator[tuple[str, TensorType, tuple[int, ...]]]:
    """List what holds weights: a name, a type and a shape, the embedding in its bands."""
    kinds = POLICY[precision]
    for name, shape in tensor_shapes(dims).items():
        role = role_of(name)
        if precision == "int4" and name == POSITIONS:
            continue  # computed: these are sinusoids
        if precision == "int4" and role is Role.EMBEDDING:
            last = (_N_TEXT_TOKENS + dims.is_multilingual) // BAND_STEP * BAND_STEP
            yield name, TensorType.I8, (dims.n_vocab - last + FREQUENT, shape[1])
            yield name, TensorType.Q4_0, (last - FREQUENT, shape[1])
        else:
            yield name, kinds[role], shape


def _kept_bytes(dims: WhisperDims) -> int:
    """Count what linears that stay INT8 add: the bytes that sinusoids need not have and INT8 convolutions save."""
    shapes = tensor_shapes(dims)
    convolutions = sum(math.prod(shape) for name, shape in shapes.items() if role_of(name) is Role.CONVOLUTION)
    return 2 * math.prod(shapes[POSITIONS]) + convolutions


def _stored_bytes(kind: TensorType, shape: tuple[int, ...]) -> int:
    in_block, n_bytes = BLOCKS[kind]
    scales = 4 * shape[0] if kind is TensorType.I8 else 0
    return math.prod(shape) // in_block * n_bytes + scales


def _packed_bytes(kind: TensorType, shape: tuple[int, ...]) -> int:
    """Count the bytes of a tensor in the engine, which computes with float32 what is no integer."""
    if kind is TensorType.I8:
        return math.prod(shape) + 8 * shape[0]
    if kind is TensorType.Q4_0:
        return math.prod(shape) * 5 // 8  # half a byte each, and a float32 scale for 32
    return 4 * math.prod(shape)
