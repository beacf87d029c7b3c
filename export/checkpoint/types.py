"""One checkpoint type for every source: float arrays under our names, sizes, vocabulary, decoding facts.

Sources are hostile files. Whatever a reader collects goes through `build_checkpoint`, which refuses sizes
that make no sense before a tensor is looked at, and tensors that are missing, unknown, of another shape or
not finite before a checkpoint exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge.errors import FormatError, UnsupportedModelError
from edge.whisper.file.dims import HEAD_DIM, LARGEST, WhisperDims, tensor_shapes
from edge.whisper.tokens import Tokenizer, Vocabulary, default_suppress_begin, default_suppress_tokens

from ..tools.files import MAX_INTEGER
from .mel import N_BINS, mel_filters
from .published import AlignmentHeads, alignment_heads, guess_name
from .stored import StoredTensors

FloatPrecision = Literal["f16", "f32"]
FloatTensor = NDArray[np.float32] | NDArray[np.float16]

_SIZES = tuple(size.name for size in fields(WhisperDims) if size.name != "layers")

_LARGEST_F16 = float(np.finfo(np.float16).max)

_CHECK_CHUNK = 1 << 22
"""Elements tested for NaN at once, so that the test's own memory stays small."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A Whisper model in floating point, wherever it came from."""

    name: str
    """Published name, such as "tiny.en", or the best guess from the source."""
    dims: WhisperDims
    tensors: Mapping[str, FloatTensor]
    """Tensors with just the names and shapes of `edge.whisper.file.dims.tensor_shapes`, in that order; all finite."""
    vocabulary: Vocabulary
    alignment_heads: AlignmentHeads
    """Pairs of decoder layer and head whose attention follows the audio."""
    mel_filters: NDArray[np.float32]
    """Mel filters, (n_mels, 201)."""
    suppress_tokens: tuple[int, ...]
    """Tokens that decoding never samples."""
    suppress_begin: tuple[int, ...]
    """Tokens that cannot come first."""
    source_sha256: str
    """SHA-256 of the weights' file or files, in the order of their names."""


@dataclass(frozen=True, slots=True)
class Hints:
    """Facts that a source may give beside weights; what is missing is filled in from what is known of Whisper."""

    name: str = ""
    """Name, folder or repository that the model may be called by."""
    alignment_heads: Iterable[Iterable[Any]] | None = None
    mel_filters: NDArray[np.float32] | None = None
    suppress_tokens: Iterable[Any] | None = None
    suppress_begin: Iterable[Any] | None = None
    source_sha256: str = field(default="")


def build_checkpoint(
    path: Path,
    dims: WhisperDims,
    tensors: Mapping[str, NDArray[Any]],
    vocabulary: Vocabulary,
    hints: Hints,
) -> Checkpoint:
    """Check everything that a reader found in `path` and fill in what it did not say."""
    check_dims(path, dims)
    check_tensors(path, dims, tensors)
    if len(vocabulary.tokens) != dims.n_vocab:
        raise FormatError(
            f"{path}: the vocabulary has {len(vocabulary.tokens)} tokens, the model {dims.n_vocab}; "
            "they do not belong together"
        )
    name = guess_name(dims, hints.name)
    tokenizer = Tokenizer(vocabulary)
    suppress = default_suppress_tokens(tokenizer) if hints.suppress_tokens is None else hints.suppress_tokens
    begin = default_suppress_begin(tokenizer) if hints.suppress_begin is None else hints.suppress_begin
    heads = alignment_heads(name, dims) if hints.alignment_heads is None else hints.alignment_heads
    return Checkpoint(
        name=name,
        dims=dims,
        tensors=_in_order(dims, tensors),
        vocabulary=vocabulary,
        alignment_heads=_checked_heads(path, dims, heads),
        mel_filters=_checked_filters(path, dims, hints.mel_filters),
        suppress_tokens=_checked_tokens(path, dims, "suppressed", suppress),
        suppress_begin=_checked_tokens(path, dims, "suppressed first", begin),
        source_sha256=hints.source_sha256,
    )


def _in_order(dims: WhisperDims, tensors: Mapping[str, NDArray[Any]]) -> Mapping[str, FloatTensor]:
    """Put tensors into the order of a model file; those that stay in their own file are in it already."""
    if isinstance(tensors, StoredTensors):
        return tensors
    return MappingProxyType({name: tensors[name] for name in tensor_shapes(dims)})


def check_dims(path: Path, dims: WhisperDims) -> None:
    """Refuse sizes that no Whisper model can have. Readers call it before they allocate by them."""
    for name in _SIZES:
        value, limit = getattr(dims, name), getattr(LARGEST, name)
        if not 1 <= value <= limit:
            raise FormatError(f"{path}: {name} is {value}, expected 1 to {limit}")
    for part in ("audio", "text"):
        width, heads = getattr(dims, f"n_{part}_state"), getattr(dims, f"n_{part}_head")
        if width != heads * HEAD_DIM:
            raise FormatError(f"{path}: n_{part}_state is {width} with {heads} heads; Whisper has {HEAD_DIM} a head")
    if dims.n_audio_state != dims.n_text_state:
        raise FormatError(
            f"{path}: the encoder is {dims.n_audio_state} wide and the decoder {dims.n_text_state}; expected the same"
        )


def check_tensors(path: Path, dims: WhisperDims, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Refuse tensors that are missing, unknown, of another shape or type than expected, or not finite."""
    shapes = tensor_shapes(dims)
    finite: set[tuple[int, int]] = set()  # where they begin, and how long they are: a source may name one twice
    for name, shape in shapes.items():
        if name not in tensors:
            raise FormatError(f"{path}: tensor {name} is missing; the file is not a whole Whisper model")
        tensor = tensors[name]
        if tensor.shape != shape:
            raise FormatError(f"{path}: tensor {name} has shape {tensor.shape}, expected {shape}")
        if tensor.dtype not in (np.float32, np.float16):
            raise FormatError(f"{path}: tensor {name} is {tensor.dtype}, expected float32 or float16")
        place = tensor.ctypes.data, tensor.nbytes
        if not (place in finite or _is_finite(tensor)):
            raise FormatError(f"{path}: tensor {name} holds NaN or infinity; the weights are damaged")
        if not isinstance(tensors, StoredTensors):  # whose memory is used again for the next
            finite.add(place)
    unknown = sorted(tensors.keys() - shapes.keys())
    if unknown:
        raise FormatError(f"{path}: tensor {unknown[0]:.80} is no part of a Whisper model of these sizes")


def as_float(name: str, tensor: NDArray[Any], precision: FloatPrecision) -> FloatTensor:
    """Round a tensor to a floating type; one that does not fit into float16 is refused."""
    if precision == "f32":
        return np.ascontiguousarray(tensor, dtype=np.float32)
    check_half_range(name, tensor)
    return np.ascontiguousarray(tensor, dtype=np.float16)


def check_half_range(name: str, tensor: NDArray[Any]) -> None:
    """Refuse a tensor that float16 cannot hold."""
    if tensor.dtype != np.float16 and float(np.abs(tensor).max(initial=0)) > _LARGEST_F16:
        raise UnsupportedModelError(f"tensor {name} is out of float16's range; export it at f32")


def _is_finite(tensor: FloatTensor) -> bool:
    flat = tensor.reshape(-1)
    chunks = (flat[start : start + _CHECK_CHUNK] for start in range(0, flat.size, _CHECK_CHUNK))
    return all(bool(np.isfinite(chunk).all()) for chunk in chunks)


def _checked_heads(path: Path, dims: WhisperDims, heads: Iterable[Iterable[Any]]) -> AlignmentHeads:
    if not isinstance(heads, Iterable):
        raise FormatError(f"{path}: alignment heads: expected a list of pairs, found {heads!r:.80}")
    found = []
    for pair in heads:
        layer, head = _integers(path, "alignment head", pair, 2)
        if not (0 <= layer < dims.n_text_layer and 0 <= head < dims.n_text_head):
            raise FormatError(
                f"{path}: alignment head ({layer}, {head}) does not exist; the decoder has "
                f"{dims.n_text_layer} layers of {dims.n_text_head} heads"
            )
        found.append((layer, head))
    return tuple(sorted(set(found)))


def _checked_tokens(path: Path, dims: WhisperDims, what: str, tokens: Iterable[Any]) -> tuple[int, ...]:
    found = sorted(set(_integers(path, f"{what} token", tokens)))
    if found and not 0 <= found[0] <= found[-1] < dims.n_vocab:
        raise FormatError(f"{path}: {what} token out of range; the vocabulary has {dims.n_vocab} tokens")
    return tuple(found)


def _integers(path: Path, what: str, values: Iterable[Any], count: int | None = None) -> list[int]:
    found = list(values) if isinstance(values, Iterable) else [None]
    if not all(
        isinstance(value, int | np.integer) and abs(int(value)) <= MAX_INTEGER for value in found
    ) or count not in (
        None,
        len(found),
    ):
        raise FormatError(f"{path}: {what}: expected integers, found {values!r:.80}")
    return [int(value) for value in found]


def _checked_filters(path: Path, dims: WhisperDims, filters: NDArray[np.float32] | None) -> NDArray[np.float32]:
    if filters is None:
        return mel_filters(dims.n_mels)
    if filters.shape != (dims.n_mels, N_BINS):
        raise FormatError(f"{path}: mel filters have shape {filters.shape}, expected {(dims.n_mels, N_BINS)}")
    if not _is_finite(filters):
        raise FormatError(f"{path}: mel filters hold NaN or infinity")
    return filters
