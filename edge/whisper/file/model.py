"""Opens a Whisper model file: GGUF with the keys and tensor names of transcribe.cpp, and some keys of edgewise.

Our own keys are under `edgewise.`: `format_version`, `precision`, `alignment_heads` (layer, head pairs),
`source_sha256`, `tail.*` (see `landmarks`), `layers.*` (see `layers`), `encoder_positions` (see `positions`) and
`report` (REPORT_KEY). Each INT8 matrix `X.weight` has its scales in `X.weight_scale` (float32, one for each row);
`embedding` tells more about the token embedding.

A file of transcribe.cpp's converter has none of these and loads all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError, UnsupportedModelError
from ...gguf.file import GgufFile, Metadata, StoredTensor, open_gguf
from ...gguf.keys import read, read_integers, read_optional
from ...gguf.types import TensorType
from ..features import N_FFT
from ..tokens import Vocabulary
from .dims import WhisperDims
from .landmarks import Tail, read_tail
from .positions import POSITIONS, computed_positions, names_positions
from .roles import PRECISIONS
from .sizes import check_kind, read_dims
from .tensors import check_finite, check_tensors
from .vocabulary import read_vocabulary

FORMAT_VERSION = 4
"""Highest `edgewise.format_version` that this runtime reads: 1, 2 with compressed encoder layers, 3 with an embedding
that has scales of its channels (`embedding`), 4 without the encoder's positions (`positions`)."""

REPORT_KEY = "edgewise.report"
"""Key of what `edgewise export --eval` measured of the model, as JSON."""

N_MEL_BINS = N_FFT // 2 + 1
"""Number of frequencies that the mel filters weigh."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """An open, checked model file, whose tensors are read when they are asked for."""

    file: GgufFile
    dims: WhisperDims
    name: str
    """Name of the model, such as "tiny.en"."""
    precision: str
    """Precision of the weights: f32, f16, q8_0, int8, int4; in a foreign file, the type of the encoder's weights."""
    vocabulary: Vocabulary
    alignment_heads: tuple[tuple[int, int], ...]
    """Pairs of layer and head whose attention follows the audio."""
    suppress_tokens: tuple[int, ...]
    suppress_begin: tuple[int, ...]
    mel_filters: NDArray[np.float32]
    """Weights of the mel filters: (n_mels, 201)."""
    tail: Tail | None
    """Landmarks that stand for the padding after a clip; None in a foreign file."""
    computed: Mapping[str, StoredTensor]
    """Tensors that the file names instead of holding them."""

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self.file.path

    @property
    def tensors(self) -> Mapping[str, StoredTensor]:
        """All tensors by name."""
        return {**self.file.tensors, **self.computed}

    @property
    def metadata(self) -> Metadata:
        """All keys and their values."""
        return self.file.metadata

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
    return read_model(open_gguf(path))


def read_model(file: GgufFile) -> ModelFile:
    """Read a model from an open GGUF file, which belongs to the result from then on. Raises as `open_model` does."""
    dims = _checked_dims(file)
    check_tensors(file, dims)
    computed = {POSITIONS: computed_positions(dims)} if names_positions(file) else {}
    return _read(file, dims, _read_precision(file), computed)


def read_facts(file: GgufFile, precisions: Sequence[str]) -> ModelFile:
    """Read a model file without weights, which has all other facts about a model whose weights are elsewhere.

    Its precision is one of `precisions`. Raises as `open_model` does.
    """
    dims = _checked_dims(file)
    return _read(file, dims, _known_precision(file, read(file, "edgewise.precision", str), precisions))


def _checked_dims(file: GgufFile) -> WhisperDims:
    _check_architecture(file)
    dims = read_dims(file)
    check_kind(file, dims)
    return dims


def _read(
    file: GgufFile, dims: WhisperDims, precision: str, computed: Mapping[str, StoredTensor] = MappingProxyType({})
) -> ModelFile:
    vocabulary = read_vocabulary(file, dims)
    return ModelFile(
        file=file,
        dims=dims,
        name=read_optional(file, "general.name", str, file.path.stem).removeprefix("whisper-"),
        precision=precision,
        vocabulary=vocabulary,
        alignment_heads=_read_alignment_heads(file, dims),
        suppress_tokens=_read_ids(file, "stt.whisper.suppress_tokens", dims.n_vocab),
        suppress_begin=_read_ids(file, "stt.whisper.begin_suppress_tokens", dims.n_vocab),
        mel_filters=_read_mel_filters(file, dims),
        tail=read_tail(file, dims),
        computed=computed,
    )


def _check_architecture(file: GgufFile) -> None:
    architecture = read_optional(file, "general.architecture", str, "")
    if architecture != "whisper" or "stt.whisper.encoder.n_layers" not in file.metadata:
        raise UnsupportedModelError(
            f"{file.path}: expected a Whisper model with stt.whisper.* keys, found architecture {architecture!r}; "
            "make one with `edgewise export whisper SOURCE -o OUT`"
        )
    version = read_optional(file, "edgewise.format_version", int, FORMAT_VERSION)
    if version > FORMAT_VERSION:
        raise UnsupportedModelError(
            f"{file.path}: format version {version} is newer than this edgewise ({FORMAT_VERSION}); update edgewise"
        )


def _read_precision(file: GgufFile) -> str:
    stored = file.tensors["enc.blocks.0.ffn.fc1.weight"].type
    names = {TensorType.I8: "int8", TensorType.Q4_0: "int4"}
    precision = read_optional(file, "edgewise.precision", str, names.get(stored, stored.name.lower()))
    return _known_precision(file, precision, PRECISIONS)


def _known_precision(file: GgufFile, precision: str, known: Sequence[str]) -> str:
    if precision not in known:
        raise FormatError(f"{file.path}: edgewise.precision: expected one of {', '.join(known)}, found {precision!r}")
    return precision


def _read_alignment_heads(file: GgufFile, dims: WhisperDims) -> tuple[tuple[int, int], ...]:
    key = "edgewise.alignment_heads"
    if key not in file.metadata:  # openai-whisper's choice for models that it does not know
        upper = range(dims.n_text_layer // 2, dims.n_text_layer)
        return tuple((layer, head) for layer in upper for head in range(dims.n_text_head))
    numbers = read_integers(file, key, 2 * dims.n_text_layer * dims.n_text_head)
    pairs = tuple(zip(numbers[::2], numbers[1::2], strict=False))
    if len(numbers) % 2 or len(set(pairs)) != len(pairs):
        raise FormatError(f"{file.path}: {key}: expected distinct (layer, head) pairs, found {len(numbers)} numbers")
    for layer, head in pairs:
        if not (0 <= layer < dims.n_text_layer and 0 <= head < dims.n_text_head):
            raise FormatError(f"{file.path}: {key}: there is no head {head} in layer {layer} of the decoder")
    return pairs


def _read_ids(file: GgufFile, key: str, n_vocab: int) -> tuple[int, ...]:
    ids = read_integers(file, key, n_vocab) if key in file.metadata else ()
    for id_ in ids:
        if not 0 <= id_ < n_vocab:
            raise FormatError(f"{file.path}: {key}: expected token ids below {n_vocab}, found {id_}")
    return ids


def _read_mel_filters(file: GgufFile, dims: WhisperDims) -> NDArray[np.float32]:
    filters = file.tensors.get("frontend.mel_filterbank")
    expected = (dims.n_mels, N_MEL_BINS)
    if filters is None or filters.shape != expected or filters.type is not TensorType.F32:
        found = "nothing" if filters is None else f"{filters.type.name} {filters.shape}"
        raise FormatError(f"{file.path}: frontend.mel_filterbank: expected F32 {expected}, found {found}")
    check_finite(file.path, filters)
    return np.array(filters.data, np.float32)
