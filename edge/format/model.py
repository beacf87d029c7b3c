"""A Whisper model file: GGUF with the keys and tensor names of transcribe.cpp, and what edgewise adds.

Ours to add, under `edgewise.`: `format_version`, `precision`, `alignment_heads` (layer, head pairs), `source_sha256`;
and for each INT8 matrix `X.weight` its scales, `X.weight_scale` (float32, one a row). A file of transcribe.cpp's
converter has none of these and loads all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, UnsupportedModelError
from ..tokens import Vocabulary
from .gguf import GgufFile, Metadata, StoredTensor, TensorType, open_gguf
from .tensors import check_tensors
from .vocabulary import read_vocabulary
from .whisper import HEAD_DIM, WhisperDims

FORMAT_VERSION = 1
"""Highest `edgewise.format_version` that this runtime reads."""

N_MEL_BINS = 201
"""Frequencies of the 400-point transform that the mel filters weigh."""

_Value = TypeVar("_Value", str, bool, int)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """An open, checked model file. Its tensors are views of the memory map."""

    file: GgufFile
    dims: WhisperDims
    name: str
    """Such as "tiny.en"."""
    precision: str
    """f32, f16, q8_0, int8, int4; of a foreign file, the type of the encoder's weights."""
    vocabulary: Vocabulary
    alignment_heads: tuple[tuple[int, int], ...]
    """(layer, head) whose attention follows the audio."""
    suppress_tokens: tuple[int, ...]
    suppress_begin: tuple[int, ...]
    mel_filters: NDArray[np.float32]
    """(n_mels, 201)"""

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.file.path

    @property
    def tensors(self) -> dict[str, StoredTensor]:
        """Every tensor by name."""
        return dict(self.file.tensors)

    @property
    def metadata(self) -> Metadata:
        """Every key and value."""
        return self.file.metadata

    def drop_pages(self) -> None:
        """Give back the memory of what was read so far."""
        self.file.drop_pages()

    def close(self) -> None:
        """Let go of the file."""
        self.file.close()

    def __enter__(self) -> ModelFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_model(path: str | Path) -> ModelFile:
    """Open a Whisper model file and check everything that running it relies on.

    Raises:
        ModelNotFoundError: there is no such file.
        FormatError: it is damaged, or its parts contradict each other; names the key or tensor.
        UnsupportedModelError: a sound GGUF file of another kind.
    """
    file = open_gguf(path)
    _check_architecture(file)
    dims = _read_dims(file)
    check_tensors(file, dims)
    vocabulary = read_vocabulary(file, dims)
    return ModelFile(
        file=file,
        dims=dims,
        name=_read_optional(file, "general.name", str, file.path.stem).removeprefix("whisper-"),
        precision=_read_precision(file),
        vocabulary=vocabulary,
        alignment_heads=_read_alignment_heads(file, dims),
        suppress_tokens=_read_ids(file, "stt.whisper.suppress_tokens", dims.n_vocab),
        suppress_begin=_read_ids(file, "stt.whisper.begin_suppress_tokens", dims.n_vocab),
        mel_filters=_read_mel_filters(file, dims),
    )


def _check_architecture(file: GgufFile) -> None:
    architecture = _read_optional(file, "general.architecture", str, "")
    if architecture != "whisper" or "stt.whisper.encoder.n_layers" not in file.metadata:
        raise UnsupportedModelError(
            f"{file.path}: expected a Whisper model with stt.whisper.* keys, found architecture {architecture!r}; "
            "make one with `edgewise export whisper SOURCE -o OUT`"
        )
    version = _read_optional(file, "edgewise.format_version", int, FORMAT_VERSION)
    if version > FORMAT_VERSION:
        raise UnsupportedModelError(
            f"{file.path}: format version {version} is newer than this edgewise ({FORMAT_VERSION}); update edgewise"
        )


def _read_dims(file: GgufFile) -> WhisperDims:
    def size(key: str, most: int) -> int:
        value = _read(file, f"stt.whisper.{key}", int)
        if not 1 <= value <= most:
            raise FormatError(f"{file.path}: stt.whisper.{key}: expected 1 to {most}, found {value}")
        return value

    dims = WhisperDims(
        n_mels=size("encoder.num_mel_bins", 512),
        n_vocab=size("decoder.vocab_size", 1 << 20),
        n_audio_ctx=size("encoder.max_source_positions", 8192),
        n_audio_state=size("encoder.d_model", 5120),
        n_audio_head=size("encoder.n_heads", 80),
        n_audio_layer=size("encoder.n_layers", 128),
        n_text_ctx=size("decoder.max_target_positions", 8192),
        n_text_state=size("decoder.d_model", 5120),
        n_text_head=size("decoder.n_heads", 80),
        n_text_layer=size("decoder.n_layers", 128),
    )
    for part, state, heads in (
        ("encoder", dims.n_audio_state, dims.n_audio_head),
        ("decoder", dims.n_text_state, dims.n_text_head),
    ):
        if state != heads * HEAD_DIM:
            raise FormatError(
                f"{file.path}: {part}: expected heads {HEAD_DIM} wide, found {heads} in a width of {state}"
            )
    if dims.n_audio_state != dims.n_text_state:
        raise FormatError(
            f"{file.path}: encoder and decoder differ in width: {dims.n_audio_state} and {dims.n_text_state}"
        )
    return dims


def _read_precision(file: GgufFile) -> str:
    stored = file.tensors["enc.blocks.0.ffn.fc1.weight"].type
    names = {TensorType.I8: "int8", TensorType.Q4_0: "int4"}
    return _read_optional(file, "edgewise.precision", str, names.get(stored, stored.name.lower()))


def _read_alignment_heads(file: GgufFile, dims: WhisperDims) -> tuple[tuple[int, int], ...]:
    key = "edgewise.alignment_heads"
    if key not in file.metadata:  # openai-whisper's choice for models it knows nothing of
        upper = range(dims.n_text_layer // 2, dims.n_text_layer)
        return tuple((layer, head) for layer in upper for head in range(dims.n_text_head))
    numbers = _integers(file, key)
    pairs = tuple(zip(numbers[::2], numbers[1::2], strict=False))
    if len(numbers) % 2 or len(set(pairs)) != len(pairs):
        raise FormatError(
            f"{file.path}: {key}: expected distinct (layer, head) pairs, found {len(numbers)} numbers"
        )
    for layer, head in pairs:
        if not (0 <= layer < dims.n_text_layer and 0 <= head < dims.n_text_head):
            raise FormatError(f"{file.path}: {key}: there is no head {head} in layer {layer} of the decoder")
    return pairs


def _read_ids(file: GgufFile, key: str, n_vocab: int) -> tuple[int, ...]:
    ids = _integers(file, key) if key in file.metadata else ()
    for id_ in ids:
        if not 0 <= id_ < n_vocab:
            raise FormatError(f"{file.path}: {key}: expected token ids below {n_vocab}, found {id_}")
    return ids


def _integers(file: GgufFile, key: str) -> tuple[int, ...]:
    values = file.metadata[key]
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iu":
        raise FormatError(f"{file.path}: {key}: expected an array of integers")
    return tuple(values.tolist())


def _read_mel_filters(file: GgufFile, dims: WhisperDims) -> NDArray[np.float32]:
    filters = file.tensors.get("frontend.mel_filterbank")
    expected = (dims.n_mels, N_MEL_BINS)
    if filters is None or filters.shape != expected or filters.type is not TensorType.F32:
        found = "nothing" if filters is None else f"{filters.type.name} {filters.shape}"
        raise FormatError(f"{file.path}: frontend.mel_filterbank: expected F32 {expected}, found {found}")
    return np.array(filters.data, np.float32)


def _read(file: GgufFile, key: str, kind: type[_Value]) -> _Value:
    if key not in file.metadata:
        raise FormatError(f"{file.path}: the key {key} is missing")
    value = file.metadata[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise FormatError(f"{file.path}: {key}: expected {kind.__name__}, found {str(value)[:60]!r}")
    return value


def _read_optional(file: GgufFile, key: str, kind: type[_Value], default: _Value) -> _Value:
    return _read(file, key, kind) if key in file.metadata else default
