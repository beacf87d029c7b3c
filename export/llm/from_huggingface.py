"""Hugging Face folders of the Llama family: `config.json`, safetensors, `tokenizer.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge.errors import FormatError, UnsupportedModelError

from ..sources.huggingface import CONFIG, shards_of
from ..sources.safetensors import map_safetensors, widen
from ..tools.files import read_json_object
from .model import EMBEDDING, HEAD, LanguageModel, LazyTensor, LlamaDims, check_dims, check_shapes
from .rope import factors_of
from .tokenizer import read_tokenizer

_TYPES = {"float32": "f32", "float16": "f16", "uint16": "bf16"}
"""Types of stored numbers, by how `map_safetensors` gives them."""

_FIXED = {
    "hidden_act": "silu",
    "attention_bias": False,
    "mlp_bias": False,
    "pretraining_tp": 1,
    "rope_interleaved": False,
    "partial_rotary_factor": 1.0,
}
"""Settings of a model's arithmetic, with the only values that llama.cpp's llama architecture has."""

_MOST_NUMBER = 1e300
"""Largest number accepted; an integer of JSON may be larger than any float."""


def read_huggingface(folder: Path) -> LanguageModel:
    """Read a folder; its weights stay mapped for as long as the model is used.

    Raises:
        ModelNotFoundError: a file is missing.
        FormatError: a file is damaged, or not what it claims to be.
        UnsupportedModelError: another architecture, another kind of tokenizer or of scaled rotary positions.
    """
    path = folder / CONFIG
    config = read_json_object(path)
    scaling = _rope_scaling(path, config)
    dims = _dims(path, config, scaling)
    check_dims(path, dims)
    dims = replace(dims, rope_factors=factors_of(path, scaling, dims.head_dim, dims.rope_theta))
    parameters = {key: value for key, value in scaling.items() if key != "rope_theta"}
    tensors = _tensors(folder, dims)
    check_shapes(folder, dims, tensors, str)
    name = config.get("_name_or_path")
    return LanguageModel(
        path=folder,
        name=name if isinstance(name, str) and name else folder.resolve().name,
        dims=dims,
        tokenizer=read_tokenizer(folder, dims.n_vocab, config),
        tensors=tensors,
        rope_scaling=parameters if dims.rope_factors else None,
    )


def _dims(path: Path, config: Mapping[str, Any], scaling: Mapping[str, Any]) -> LlamaDims:
    if config.get("model_type") != "llama":
        raise UnsupportedModelError(f"{path}: model_type is {config.get('model_type')!r}; only 'llama' is supported")
    for key, expected in _FIXED.items():
        if config.get(key, expected) not in (expected, None):
            raise UnsupportedModelError(f"{path}: {key} is {config[key]!r}; only {expected!r} is supported")
    if config.get("quantization_config") is not None:
        raise UnsupportedModelError(f"{path}: the weights are quantized; export the model that they were made from")
    n_embd, n_head = _integer(path, config, "hidden_size"), _integer(path, config, "num_attention_heads")
    if n_head < 1:
        raise FormatError(f"{path}: num_attention_heads is {n_head}, expected at least 1")
    return LlamaDims(
        n_vocab=_integer(path, config, "vocab_size"),
        n_ctx=_integer(path, config, "max_position_embeddings"),
        n_embd=n_embd,
        n_ff=_integer(path, config, "intermediate_size"),
        n_layer=_integer(path, config, "num_hidden_layers"),
        n_head=n_head,
        n_kv_head=_integer(path, config, "num_key_value_heads", n_head),
        head_dim=_integer(path, config, "head_dim", n_embd // n_head),
        rope_theta=_number(path, scaling if "rope_theta" in scaling else config, "rope_theta", 10000.0),
        rms_eps=_number(path, config, "rms_norm_eps", 1e-6),
        is_tied=config.get("tie_word_embeddings") is True,
    )


def _rope_scaling(path: Path, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Find how positions are scaled; transformers 5 keeps it with their base."""
    found: dict[str, Any] = {}
    for key in ("rope_scaling", "rope_parameters"):
        said = config.get(key) or {}
        if not isinstance(said, dict):
            raise FormatError(f"{path}: {key} is {str(said)[:40]}, expected an object")
        found |= said
    return found


def _integer(path: Path, config: Mapping[str, Any], key: str, default: int | None = None) -> int:
    value = default if config.get(key) is None else config[key]
    if type(value) is not int:
        raise FormatError(f"{path}: {key} is {value!r}, expected an integer")
    return value


def _number(path: Path, config: Mapping[str, Any], key: str, default: float) -> float:
    value = config.get(key, default)
    if type(value) not in (int, float) or abs(value) > _MOST_NUMBER:
        raise FormatError(f"{path}: {key} is {value!r:.40}, expected a number")
    return float(value)


def _tensors(folder: Path, dims: LlamaDims) -> dict[str, LazyTensor]:
    tensors: dict[str, LazyTensor] = {}
    for shard in shards_of(folder):
        for name, stored in map_safetensors(shard).items():
            if name in tensors:
                raise FormatError(f"{shard}: tensor {name} is in another file as well")
            if not name.endswith("rotary_emb.inv_freq"):  # old files hold what follows from rope_theta
                tensors[name] = LazyTensor(
                    _TYPES[stored.dtype.name], stored.shape, stored.nbytes, partial(widen, stored)
                )
    head, embedding = tensors.get(HEAD), tensors.get(EMBEDDING)
    if dims.is_tied and head is not None and embedding is not None:
        if not _are_equal(head.read(), embedding.read()):
            raise FormatError(
                f"{folder}: tensor {HEAD} differs from {EMBEDDING}, and {CONFIG} says that they are the same"
            )
        del tensors[HEAD]
    return tensors


def _are_equal(first: NDArray[Any], second: NDArray[Any]) -> bool:
    return first.shape == second.shape and bool((first == second).all())
