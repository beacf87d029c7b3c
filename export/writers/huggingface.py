"""Hugging Face folders: `model.safetensors`, configurations and tokenizer, as transformers reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge.audio import SAMPLE_RATE_HZ
from edge.files import replacing_folder
from edge.progress import Progress
from edge.whisper.features import FRAMES_PER_SECOND, HOP_SAMPLES, N_FFT
from edge.whisper.file.dims import WhisperDims, tensor_shapes
from edge.whisper.tokens import Tokenizer

from ..checkpoint.mel import WINDOW_S
from ..checkpoint.types import Checkpoint, FloatPrecision, as_float
from ..checkpoint.vocabulary import merge_lines, token_texts
from ..sources.names import huggingface_name
from ..tools.files import write_json
from .safetensors import SafetensorsType, write_safetensors


def write_huggingface(
    checkpoint: Checkpoint, folder: Path, precision: FloatPrecision, *, progress: Progress | None = None
) -> None:
    """Write `checkpoint` with every tensor in one precision; the folder appears when it is whole."""
    with replacing_folder(folder) as temporary:
        write_configurations(temporary, checkpoint, precision)
        _write_tensors(temporary / "model.safetensors", checkpoint, precision, progress)


def write_configurations(folder: Path, checkpoint: Checkpoint, precision: FloatPrecision) -> None:
    """Write all but the weights into a folder that exists."""
    write_json(folder / "config.json", _config(checkpoint, precision), indent=1)
    write_json(folder / "generation_config.json", _generation_config(checkpoint), indent=1)
    write_json(folder / "preprocessor_config.json", _preprocessor_config(checkpoint.dims), indent=1)
    write_json(folder / "tokenizer.json", tokenizer_json(checkpoint))
    write_json(folder / "tokenizer_config.json", _tokenizer_config(checkpoint), indent=1)


def _write_tensors(path: Path, checkpoint: Checkpoint, precision: FloatPrecision, progress: Progress | None) -> None:
    kind: SafetensorsType = "F16" if precision == "f16" else "F32"
    layout = {huggingface_name(name): (kind, shape) for name, shape in tensor_shapes(checkpoint.dims).items()}

    def numbers() -> Iterator[NDArray[Any]]:
        for done, (name, tensor) in enumerate(checkpoint.tensors.items()):
            if progress is not None:
                progress("writing tensors", done, len(checkpoint.tensors))
            yield as_float(name, tensor, precision)

    write_safetensors(path, layout, numbers())


def _config(checkpoint: Checkpoint, precision: FloatPrecision) -> dict[str, Any]:
    dims, tokenizer = checkpoint.dims, Tokenizer(checkpoint.vocabulary)
    return {
        "_name_or_path": f"openai/whisper-{checkpoint.name}",
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "activation_function": "gelu",
        "d_model": dims.n_text_state,
        "encoder_layers": dims.n_audio_layer,
        "encoder_attention_heads": dims.n_audio_head,
        "encoder_ffn_dim": 4 * dims.n_audio_state,
        "decoder_layers": dims.n_text_layer,
        "decoder_attention_heads": dims.n_text_head,
        "decoder_ffn_dim": 4 * dims.n_text_state,
        "num_mel_bins": dims.n_mels,
        "max_source_positions": dims.n_audio_ctx,
        "max_target_positions": dims.n_text_ctx,
        "vocab_size": dims.n_vocab,
        "scale_embedding": False,
        "tie_word_embeddings": True,
        "is_encoder_decoder": True,
        "bos_token_id": tokenizer.eot,
        "eos_token_id": tokenizer.eot,
        "pad_token_id": tokenizer.eot,
        "decoder_start_token_id": tokenizer.sot,
        "torch_dtype": "float16" if precision == "f16" else "float32",
    }


def _generation_config(checkpoint: Checkpoint) -> dict[str, Any]:
    dims, tokenizer = checkpoint.dims, Tokenizer(checkpoint.vocabulary)
    config = {
        "alignment_heads": [list(pair) for pair in checkpoint.alignment_heads],
        "begin_suppress_tokens": list(checkpoint.suppress_begin),
        "bos_token_id": tokenizer.eot,
        "decoder_start_token_id": tokenizer.sot,
        "eos_token_id": tokenizer.eot,
        "is_multilingual": dims.is_multilingual,
        "max_initial_timestamp_index": 50,
        "max_length": dims.n_text_ctx,
        "no_timestamps_token_id": tokenizer.no_timestamps,
        "pad_token_id": tokenizer.eot,
        "prev_sot_token_id": tokenizer.sot_prev,
        "return_timestamps": False,
        "suppress_tokens": list(checkpoint.suppress_tokens),
    }
    if dims.is_multilingual:
        config["lang_to_id"] = {f"<|{code}|>": tokenizer.language_token(code) for code in tokenizer.languages}
        config["task_to_id"] = {"transcribe": tokenizer.transcribe, "translate": tokenizer.translate}
    return config


def _preprocessor_config(dims: WhisperDims) -> dict[str, Any]:
    return {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "processor_class": "WhisperProcessor",
        "feature_size": dims.n_mels,
        "sampling_rate": SAMPLE_RATE_HZ,
        "hop_length": HOP_SAMPLES,
        "chunk_length": WINDOW_S,
        "n_fft": N_FFT,
        "n_samples": WINDOW_S * SAMPLE_RATE_HZ,
        "nb_max_frames": WINDOW_S * FRAMES_PER_SECOND,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
    }


def tokenizer_json(checkpoint: Checkpoint) -> dict[str, Any]:
    """Make `tokenizer.json`, as the tokenizers library reads it."""
    vocabulary = checkpoint.vocabulary
    tokens = list(enumerate(token_texts(vocabulary)))
    text, specials = tokens[: vocabulary.n_special_from], tokens[vocabulary.n_special_from :]
    first_timestamp = Tokenizer(vocabulary).timestamp_begin
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": token_id,
                "content": token,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": token_id < first_timestamp,
            }
            for token_id, token in specials
        ],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: token_id for token_id, token in text},
            "merges": merge_lines(vocabulary),
        },
    }


def _tokenizer_config(checkpoint: Checkpoint) -> dict[str, Any]:
    end = "<|endoftext|>"
    return {
        "tokenizer_class": "WhisperTokenizer",
        "bos_token": end,
        "eos_token": end,
        "pad_token": end,
        "unk_token": end,
        "errors": "replace",
        "model_max_length": 1024,
        "processor_class": "WhisperProcessor",
    }
