"""Hugging Face folders: `config.json`, weights in safetensors (in one file or several), and a tokenizer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import FormatError, ModelNotFoundError, UnsupportedModelError
from edge.files import sha256_of
from edge.whisper.file.dims import WhisperDims, tensor_shapes

from ..checkpoint.mel import N_BINS
from ..checkpoint.types import Checkpoint, Hints, build_checkpoint, check_dims
from ..checkpoint.vocabulary import Assets, read_vocabulary
from ..tools.files import MAX_INTEGER, read_json_object
from .names import huggingface_name
from .safetensors import map_safetensors, widen

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"

MAX_INDEX_BYTES = 16 << 20
MAX_SHARDS = 256

_SHARD_NAME = re.compile(r"[\w.-]{1,200}\.safetensors", re.ASCII)
"""Pattern of the name of a file of the same folder, as every tool names them."""

_OUTPUT_PROJECTION = "proj_out.weight"


def read_huggingface(folder: Path, *, assets: Assets | None = None) -> Checkpoint:
    """Read a Hugging Face folder; weights in float32, float16 or bfloat16."""
    config_path = folder / CONFIG
    config = read_json_object(config_path)
    dims = _dims(config_path, config)
    check_dims(config_path, dims)
    shards = shards_of(folder)
    tensors = _renamed(folder, dims, _read_shards(shards))
    said = _optional_json(folder / "generation_config.json")
    return build_checkpoint(
        folder,
        dims,
        tensors,
        read_vocabulary(folder, dims, assets),
        Hints(
            name=_name(folder, config),
            alignment_heads=said.get("alignment_heads"),
            mel_filters=_mel_filters(folder / "preprocessor_config.json", dims),
            suppress_tokens=said.get("suppress_tokens", config.get("suppress_tokens")),
            suppress_begin=said.get("begin_suppress_tokens", config.get("begin_suppress_tokens")),
            source_sha256=sha256_of(*shards),
        ),
    )


def _optional_json(path: Path) -> dict[str, Any]:
    return read_json_object(path) if path.is_file() else {}


def _name(folder: Path, config: Mapping[str, Any]) -> str:
    said = config.get("_name_or_path")
    return said if isinstance(said, str) and said else folder.resolve().name


def _dims(path: Path, config: Mapping[str, Any]) -> WhisperDims:
    if config.get("model_type") != "whisper":
        raise UnsupportedModelError(f"{path}: model_type is {config.get('model_type')!r:.80}, expected 'whisper'")
    fixed = {"activation_function": "gelu", "scale_embedding": False, "tie_word_embeddings": True}
    for key, expected in fixed.items():
        if config.get(key, expected) != expected:
            raise UnsupportedModelError(f"{path}: {key} is {config[key]!r:.80}; only {expected!r} is supported")

    def size(key: str) -> int:
        value = config.get(key)
        if type(value) is not int or abs(value) > MAX_INTEGER:
            raise FormatError(f"{path}: {key} is {value!r:.80}, expected an integer")
        return value

    width = size("d_model")
    for key in ("encoder_ffn_dim", "decoder_ffn_dim"):
        if size(key) != 4 * width:
            raise UnsupportedModelError(f"{path}: {key} is {size(key)}; Whisper has four times d_model, {4 * width}")
    return WhisperDims(
        n_mels=size("num_mel_bins"),
        n_vocab=size("vocab_size"),
        n_audio_ctx=size("max_source_positions"),
        n_audio_state=width,
        n_audio_head=size("encoder_attention_heads"),
        n_audio_layer=size("encoder_layers"),
        n_text_ctx=size("max_target_positions"),
        n_text_state=width,
        n_text_head=size("decoder_attention_heads"),
        n_text_layer=size("decoder_layers"),
    )


def shards_of(folder: Path) -> list[Path]:
    """List the weights' files in the order of their names; an index may only name files of the same folder."""
    index = folder / INDEX
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if not index.is_file():
        raise ModelNotFoundError(
            f"{folder}: neither {WEIGHTS} nor {INDEX}; save the model with safe_serialization=True"
        )
    weight_map = read_json_object(index, MAX_INDEX_BYTES).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise FormatError(f"{index}: no weight_map; expected tensor names and their files")
    names = set(map(str, weight_map.values()))
    if len(names) > MAX_SHARDS:
        raise FormatError(f"{index}: {len(names)} files; at most {MAX_SHARDS} are accepted")
    for name in names:
        if not _SHARD_NAME.fullmatch(name):
            raise FormatError(f"{index}: {name[:80]!r} is no name of a safetensors file in this folder")
        if not (folder / name).is_file():
            raise ModelNotFoundError(f"{folder / name}: no such file; {INDEX} names it")
    return [folder / name for name in sorted(names)]


def _read_shards(shards: list[Path]) -> dict[str, NDArray[Any]]:
    """Read every tensor as it is stored: what is no part of the model is never widened."""
    found: dict[str, NDArray[Any]] = {}
    for shard in shards:
        tensors = map_safetensors(shard)
        twice = found.keys() & tensors.keys()
        if twice:
            raise FormatError(f"{shard}: tensor {min(twice)} is in another file as well")
        found.update(tensors)
    return found


def _renamed(folder: Path, dims: WhisperDims, found: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Give the tensors our names; what is left over keeps its own and is refused later by that name."""
    # A bare WhisperModel is saved without the outer "model.".
    prefix = "" if any(name.startswith("model.") for name in found) else "model."
    foreign = {name if name == _OUTPUT_PROJECTION else prefix + name: tensor for name, tensor in found.items()}
    projection = foreign.pop(_OUTPUT_PROJECTION, None)
    renamed = {}
    for name in tensor_shapes(dims):
        tensor = foreign.pop(huggingface_name(name), None)
        if tensor is None:
            raise FormatError(f"{folder}: tensor {huggingface_name(name)} is missing")
        renamed[name] = widen(tensor)
    if projection is not None and not np.array_equal(widen(projection), renamed["dec.token_embd.weight"]):
        raise UnsupportedModelError(
            f"{folder}: {_OUTPUT_PROJECTION} differs from the token embedding; only one shared matrix is supported"
        )
    return renamed | foreign


def _mel_filters(path: Path, dims: WhisperDims) -> NDArray[np.float32] | None:
    filters = _optional_json(path).get("mel_filters")
    if filters is None:
        return None
    try:
        array = np.asarray(filters, dtype=np.float32)
    except (TypeError, ValueError):
        array = np.empty(0, np.float32)
    if array.shape != (dims.n_mels, N_BINS):
        raise FormatError(f"{path}: mel_filters are no ({dims.n_mels}, {N_BINS}) numbers")
    return array
