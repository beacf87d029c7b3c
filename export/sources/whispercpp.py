"""whisper.cpp's `.bin` files; `writers/whispercpp.py` says how they are laid out.

The type in the header is that of most weights; each tensor names its own. Quantized files (q4_0 to q8_0) are
read too: their blocks of 32 are widened to float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import FormatError, UnsupportedModelError
from edge.files import sha256_of
from edge.whisper.file.dims import WhisperDims, tensor_shapes

from ..checkpoint.types import Checkpoint, Hints, build_checkpoint, check_dims
from ..checkpoint.vocabulary import MAX_TOKEN_BYTES, n_text_tokens, vocabulary_from_text
from ..tools.files import Cursor
from .blocks import BLOCK, BLOCK_BYTES, dequantize_blocks
from .names import openai_name

MAGIC = b"lmgg"
"""Bytes of the magic number 0x67676d6c in the file."""

MAX_NAME_BYTES = 256
MAX_RANK = 4

_FLOATS: Mapping[int, np.dtype[Any]] = {0: np.dtype("<f4"), 1: np.dtype("<f2")}


def read_whispercpp(path: Path) -> Checkpoint:
    """Read a `.bin` at f32, f16 or one of the simple quantized types."""
    cursor = Cursor(path)
    if cursor.text(4, 4, "magic") != MAGIC:
        raise FormatError(f"{path}: does not begin with whisper.cpp's magic number")
    dims = _dims(cursor)
    check_dims(path, dims)
    filters = _mel_filters(cursor)
    text_tokens = _text_tokens(cursor, dims)
    tensors = _tensors(cursor, dims)
    return build_checkpoint(
        path,
        dims,
        tensors,
        vocabulary_from_text(path, dims, text_tokens),
        Hints(name=path.stem, mel_filters=filters, source_sha256=sha256_of(path)),
    )


def _dims(cursor: Cursor) -> WhisperDims:
    n_vocab, audio_ctx, audio_state, audio_head, audio_layer, *text, n_mels, _ = cursor.unpack("11i", "sizes")
    text_ctx, text_state, text_head, text_layer = text
    return WhisperDims(
        n_mels=n_mels,
        n_vocab=n_vocab,
        n_audio_ctx=audio_ctx,
        n_audio_state=audio_state,
        n_audio_head=audio_head,
        n_audio_layer=audio_layer,
        n_text_ctx=text_ctx,
        n_text_state=text_state,
        n_text_head=text_head,
        n_text_layer=text_layer,
    )


def _mel_filters(cursor: Cursor) -> NDArray[np.float32]:
    shape = cursor.unpack("2i", "shape of the mel filters")
    filters: NDArray[np.float32] = cursor.array("<f4", shape, "mel filters")
    return filters


def _text_tokens(cursor: Cursor, dims: WhisperDims) -> list[bytes]:
    """Read the text tokens; converters of Hugging Face checkpoints store `<|endoftext|>` and more behind them."""
    count = cursor.integer("i", "number of tokens")
    n_text = n_text_tokens(cursor.path, dims)
    if not n_text <= count <= dims.n_vocab:
        raise FormatError(f"{cursor.path}: {count} tokens, expected {n_text} to {dims.n_vocab}")
    tokens = [cursor.text(cursor.integer("I", "token length"), MAX_TOKEN_BYTES, "token") for _ in range(count)]
    return tokens[:n_text]


def _tensors(cursor: Cursor, dims: WhisperDims) -> dict[str, NDArray[Any]]:
    shapes = tensor_shapes(dims)
    ours = {openai_name(name): name for name in shapes}
    tensors: dict[str, NDArray[Any]] = {}
    while cursor.position < cursor.size:
        rank, name_length, type_id = cursor.unpack("3i", "tensor header")
        if not 1 <= rank <= MAX_RANK:
            raise FormatError(f"{cursor.path}: a tensor of {rank} dimensions before byte {cursor.position}")
        shape = tuple(reversed(cursor.unpack(f"{rank}i", "tensor shape")))
        their_name = cursor.text(max(name_length, 0), MAX_NAME_BYTES, "tensor name").decode("ascii", "replace")
        name = ours.get(their_name)
        if name is None or name in tensors:
            raise FormatError(f"{cursor.path}: tensor {their_name!r} is unknown or appears twice")
        # Biases of the convolutions are columns there.
        if shape not in (shapes[name], (*shapes[name], 1)):
            raise FormatError(f"{cursor.path}: tensor {their_name} has shape {shape}, expected {shapes[name]}")
        tensors[name] = _data(cursor, their_name, type_id, shape).reshape(shapes[name])
    return tensors


def _data(cursor: Cursor, name: str, type_id: int, shape: tuple[int, ...]) -> NDArray[Any]:
    if type_id in _FLOATS:
        return cursor.array(_FLOATS[type_id], shape, name)
    if type_id not in BLOCK_BYTES:
        raise UnsupportedModelError(f"{cursor.path}: tensor {name} has type {type_id}, which is not read")
    if shape[-1] % BLOCK:
        raise FormatError(f"{cursor.path}: tensor {name} has rows of {shape[-1]}, which are no blocks of {BLOCK}")
    n_bytes = shape[-1] // BLOCK * BLOCK_BYTES[type_id]
    blocks = cursor.array(np.uint8, (*shape[:-1], n_bytes), name)
    return dequantize_blocks(type_id, blocks.reshape(-1, n_bytes)).reshape(shape)
