"""Our model file: GGUF in the layout of transcribe.cpp, so that at f16 and q8_0 both engines read it.

The keys and tensor names are transcribe.cpp's; what only edgewise needs is under `edgewise.`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from edge.audio import SAMPLE_RATE_HZ
from edge.gguf.file import MetadataValue, StoredTensor
from edge.gguf.types import TensorType
from edge.gguf.writer import write_gguf
from edge.whisper.features import FRAMES_PER_SECOND, HOP_SAMPLES, N_FFT
from edge.whisper.file.cost import n_weights
from edge.whisper.file.landmarks import Tail, tail_metadata
from edge.whisper.file.layers import layers_metadata
from edge.whisper.file.model import REPORT_KEY
from edge.whisper.file.positions import POSITIONS, POSITIONS_KEY, SINUSOIDS, are_sinusoids
from edge.whisper.file.roles import Precision
from edge.whisper.tokens import Tokenizer

from ..checkpoint.mel import WINDOW_S, hann_window
from ..checkpoint.types import Checkpoint
from ..checkpoint.vocabulary import merge_lines, token_texts
from ..quantize.policy import Quantized

HEARD_KEY = "edgewise.calibration.sha256"
"""Key of the hashes of recordings that helped."""

_QUANTIZATION_VERSION = 2
"""Version of ggml's block types; required where a file holds some."""

# ggml's numbers for "all f32", "mostly f16", "mostly q8_0" and "mostly q4_0". It has none for I8.
_FILE_TYPES: dict[str, int] = {"f32": 0, "f16": 1, "q8_0": 7, "int4": 2}

_NORMAL_TOKEN, _CONTROL_TOKEN = 1, 3


def write_model_file(
    checkpoint: Checkpoint,
    path: Path,
    precision: Precision,
    quantized: Mapping[str, Quantized],
    tail: Tail,
    *,
    heard: Sequence[str] = (),
    report: str | None = None,
) -> None:
    """Write `checkpoint` as it was rounded to a precision; the file appears when it is whole.

    `quantized` are its tensors, `tail` the landmarks of its padding (`export.landmarks`), `heard` the hashes of the
    recordings that helped; `report` goes into the file as it is.
    """
    metadata = model_metadata(checkpoint, precision) | tail_metadata(tail)
    stored = dict(quantized)
    if precision == "int4" and are_sinusoids(checkpoint.tensors[POSITIONS]):
        metadata |= {"edgewise.format_version": 4, POSITIONS_KEY: SINUSOIDS}
        del stored[POSITIONS]
    if heard:
        metadata[HEARD_KEY] = list(heard)
    if report is not None:
        metadata[REPORT_KEY] = report
    write_gguf(path, metadata, _tensors(checkpoint, stored))


def model_metadata(checkpoint: Checkpoint, precision: str) -> dict[str, MetadataValue]:
    """List every key of the file, in the order in which they are written."""
    return {
        **_general(checkpoint, precision),
        **_own(checkpoint, precision),
        **_sizes(checkpoint),
        **layers_metadata(checkpoint.dims),
        **_decoding(checkpoint),
        **_frontend(checkpoint),
        **_tokenizer(checkpoint),
    }


def frontend_tensors(checkpoint: Checkpoint) -> Iterator[StoredTensor]:
    """List the tensors that turn sound into features."""
    filters = checkpoint.mel_filters
    window = hann_window()
    yield StoredTensor("frontend.mel_filterbank", TensorType.F32, filters.shape, filters)
    yield StoredTensor("frontend.window", TensorType.F32, window.shape, window)


def _tensors(checkpoint: Checkpoint, quantized: Mapping[str, Quantized]) -> Iterator[StoredTensor]:
    yield from frontend_tensors(checkpoint)
    for tensor in quantized.values():
        yield from tensor.parts


def _general(checkpoint: Checkpoint, precision: str) -> dict[str, MetadataValue]:
    tokenizer = Tokenizer(checkpoint.vocabulary)
    n = n_weights(checkpoint.dims)
    metadata: dict[str, MetadataValue] = {
        "general.architecture": "whisper",
        "general.name": f"whisper-{checkpoint.name}",
        "general.basename": "whisper",
        "general.size_label": f"{n / 1e9:.1f}B" if n >= 1e9 else f"{n / 1e6:.0f}M",
        "general.languages": list(tokenizer.languages) if checkpoint.dims.is_multilingual else ["en"],
        "general.alignment": 32,
    }
    if precision in _FILE_TYPES:
        metadata["general.file_type"] = _FILE_TYPES[precision]
    if precision in ("q8_0", "int4"):
        metadata["general.quantization_version"] = _QUANTIZATION_VERSION
    return metadata


def _own(checkpoint: Checkpoint, precision: str) -> dict[str, MetadataValue]:
    return {
        "edgewise.format_version": 3 if precision in ("int8", "int4") else 2 if checkpoint.dims.layers else 1,
        "edgewise.precision": precision,
        "edgewise.alignment_heads": np.array(checkpoint.alignment_heads, np.int32).reshape(-1),
        "edgewise.source_sha256": checkpoint.source_sha256,
    }


def _sizes(checkpoint: Checkpoint) -> dict[str, MetadataValue]:
    dims = checkpoint.dims
    is_multilingual = dims.is_multilingual
    return {
        "stt.variant": f"whisper-{checkpoint.name}",
        "stt.capability.lang_detect": is_multilingual,
        "stt.capability.translate": is_multilingual,
        "stt.capability.timestamps": True,
        "stt.whisper.encoder.n_layers": dims.n_audio_layer,
        "stt.whisper.encoder.d_model": dims.n_audio_state,
        "stt.whisper.encoder.n_heads": dims.n_audio_head,
        "stt.whisper.encoder.ffn_dim": 4 * dims.n_audio_state,
        "stt.whisper.encoder.num_mel_bins": dims.n_mels,
        "stt.whisper.encoder.max_source_positions": dims.n_audio_ctx,
        "stt.whisper.encoder.activation": "gelu",
        "stt.whisper.decoder.n_layers": dims.n_text_layer,
        "stt.whisper.decoder.d_model": dims.n_text_state,
        "stt.whisper.decoder.n_heads": dims.n_text_head,
        "stt.whisper.decoder.ffn_dim": 4 * dims.n_text_state,
        "stt.whisper.decoder.max_target_positions": dims.n_text_ctx,
        "stt.whisper.decoder.vocab_size": dims.n_vocab,
        "stt.whisper.decoder.activation": "gelu",
        "stt.whisper.decoder.tie_word_embeddings": True,
        "stt.whisper.decoder.scale_embedding": False,
    }


def _decoding(checkpoint: Checkpoint) -> dict[str, MetadataValue]:
    tokenizer = Tokenizer(checkpoint.vocabulary)
    return {
        "stt.whisper.decoder_start_token_id": tokenizer.sot,
        "stt.whisper.no_timestamps_token_id": tokenizer.no_timestamps,
        "stt.whisper.sot_token_id": tokenizer.sot,
        "stt.whisper.transcribe_token_id": tokenizer.transcribe,
        "stt.whisper.translate_token_id": tokenizer.translate,
        "stt.whisper.prev_sot_token_id": tokenizer.sot_prev,
        "stt.whisper.suppress_tokens": np.array(checkpoint.suppress_tokens, np.int32),
        "stt.whisper.begin_suppress_tokens": np.array(checkpoint.suppress_begin, np.int32),
    }


def _frontend(checkpoint: Checkpoint) -> dict[str, MetadataValue]:
    return {
        "stt.frontend.type": "mel",
        "stt.frontend.num_mels": checkpoint.dims.n_mels,
        "stt.frontend.sample_rate": SAMPLE_RATE_HZ,
        "stt.frontend.n_fft": N_FFT,
        "stt.frontend.win_length": N_FFT,
        "stt.frontend.hop_length": HOP_SAMPLES,
        "stt.frontend.window": "hann_periodic",
        "stt.frontend.normalize": "whisper_logmel",
        "stt.frontend.dither": 0.0,
        "stt.frontend.pre_emphasis": 0.0,
        "stt.frontend.f_min": 0.0,
        "stt.frontend.f_max": SAMPLE_RATE_HZ / 2,
        "stt.frontend.pad_mode": "reflect",
        "stt.frontend.center": True,
        "stt.frontend.mel_norm": "slaney",
        "stt.frontend.chunk_length": WINDOW_S,
        "stt.frontend.n_samples": WINDOW_S * SAMPLE_RATE_HZ,
        "stt.frontend.nb_max_frames": WINDOW_S * FRAMES_PER_SECOND,
    }


def _tokenizer(checkpoint: Checkpoint) -> dict[str, MetadataValue]:
    vocabulary = checkpoint.vocabulary
    kinds = np.full(len(vocabulary.tokens), _NORMAL_TOKEN, np.int32)
    kinds[vocabulary.n_special_from :] = _CONTROL_TOKEN
    end = vocabulary.n_special_from
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt2",
        "tokenizer.ggml.tokens": list(token_texts(vocabulary)),
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.merges": list(merge_lines(vocabulary)),
        "tokenizer.ggml.bos_token_id": end,
        "tokenizer.ggml.eos_token_id": end,
        "tokenizer.ggml.padding_token_id": end,
        "tokenizer.ggml.add_bos_token": False,
    }
