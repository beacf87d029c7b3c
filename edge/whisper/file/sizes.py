"""Reads the sizes that a model file states, and checks that the rest of it describes Whisper as edgewise runs it."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import FormatError, UnsupportedModelError
from ...gguf.file import GgufFile
from ...gguf.keys import Value, read, read_optional, shorten
from ..features import FRAMES_PER_SECOND, HOP_SAMPLES, N_FFT
from .dims import HEAD_DIM, LARGEST, WhisperDims
from .layers import read_layers

# Edgewise does this whatever the file says: a file may leave these keys out, but not contradict them.
_WORDS: Mapping[str, str] = {
    "stt.frontend.type": "mel",
    "stt.frontend.normalize": "whisper_logmel",
    "stt.whisper.encoder.activation": "gelu",
    "stt.whisper.decoder.activation": "gelu",
}
_NUMBERS: Mapping[str, int] = {
    "stt.frontend.sample_rate": FRAMES_PER_SECOND * HOP_SAMPLES,
    "stt.frontend.n_fft": N_FFT,
    "stt.frontend.win_length": N_FFT,
    "stt.frontend.hop_length": HOP_SAMPLES,
}
_FLAGS: Mapping[str, bool] = {
    "stt.whisper.decoder.tie_word_embeddings": True,
    "stt.whisper.decoder.scale_embedding": False,
}


def read_dims(file: GgufFile) -> WhisperDims:
    """Read the sizes, each within its range and consistent with the others; the tensors are not looked at.

    Raises:
        FormatError: one is missing, out of range, or contradicts another.
    """

    def size(key: str, most: int) -> int:
        value = read(file, f"stt.whisper.{key}", int)
        if not 1 <= value <= most:
            raise FormatError(f"{file.path}: stt.whisper.{key}: expected 1 to {most}, found {value}")
        return value

    dims = WhisperDims(
        n_mels=size("encoder.num_mel_bins", LARGEST.n_mels),
        n_vocab=size("decoder.vocab_size", LARGEST.n_vocab),
        n_audio_ctx=size("encoder.max_source_positions", LARGEST.n_audio_ctx),
        n_audio_state=size("encoder.d_model", LARGEST.n_audio_state),
        n_audio_head=size("encoder.n_heads", LARGEST.n_audio_head),
        n_audio_layer=size("encoder.n_layers", LARGEST.n_audio_layer),
        n_text_ctx=size("decoder.max_target_positions", LARGEST.n_text_ctx),
        n_text_state=size("decoder.d_model", LARGEST.n_text_state),
        n_text_head=size("decoder.n_heads", LARGEST.n_text_head),
        n_text_layer=size("decoder.n_layers", LARGEST.n_text_layer),
    )
    _check_widths(file, dims)
    return read_layers(file, dims)


def check_kind(file: GgufFile, dims: WhisperDims) -> None:
    """Refuse a file that wants to be run in another way than edgewise runs Whisper.

    Raises:
        FormatError: a key is of the wrong type.
        UnsupportedModelError: the file wants to be run in another way.
    """
    _check_values(file, str, _WORDS)
    _check_values(file, int, {**_NUMBERS, "stt.frontend.num_mels": dims.n_mels})
    _check_values(file, bool, _FLAGS)


def _check_values(file: GgufFile, kind: type[Value], expected: Mapping[str, Value]) -> None:
    for key, value in expected.items():
        found = read_optional(file, key, kind, value)
        if found != value:
            raise UnsupportedModelError(
                f"{file.path}: {key}: expected {value!r}, found {shorten(found)}; "
                "edgewise runs Whisper as it was published"
            )


def _check_widths(file: GgufFile, dims: WhisperDims) -> None:
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
