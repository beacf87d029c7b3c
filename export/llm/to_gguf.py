"""GGUF files of the llama architecture, with the keys and names that llama.cpp's own converter gives them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.gguf.file import MetadataValue, StoredTensor
from edge.gguf.types import TensorType
from edge.gguf.writer import write_gguf as write_file
from edge.progress import Progress, silent

from .from_gguf import GGUF_ROLES
from .model import FloatType, LanguageModel, LazyTensor, finite
from .names import gguf_name, to_gguf_rows
from .numbers import as_type
from .rope import gguf_keys, gguf_tensors
from .tokenizer import ROLES

FILE_TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "bf16": 32}
"""Numbers of ggml for "all f32", "mostly f16", "mostly q4_0" and "mostly bf16"."""

_QUANTIZATION_VERSION = 2
"""Version of ggml's block types."""


def write_gguf(model: LanguageModel, path: Path, kind: FloatType | None, *, progress: Progress | None = None) -> None:
    """Write a model, a tensor at a time: matrices in `kind`, or without one as exactly as they are; norms in float32.

    Raises:
        FormatError: a tensor holds NaN or infinity; names it.
        UnsupportedModelError: a tensor does not fit into float16; names it.
        OSError: the disk is full; nothing is left behind.
    """
    tensors = [
        StoredTensor(gguf_name(name), TensorType[type_.upper()], tensor.shape, partial(_numbers, model, name, type_))
        for name, tensor in model.tensors.items()
        for type_ in (_type(tensor, kind),)
    ]
    tensors += gguf_tensors(model.dims)
    write_file(path, keys(model, FILE_TYPES[kind or "f32"]), counted(tensors, progress))


def keys(model: LanguageModel, file_type: int | None) -> dict[str, MetadataValue]:
    """List every key of a file, in the order in which they are written; without ggml's number where it has none."""
    dims = model.dims
    types: dict[str, MetadataValue] = {} if file_type is None else {"general.file_type": file_type}
    return {
        "general.architecture": "llama",
        "general.type": "model",
        "general.name": model.name,
        "llama.block_count": dims.n_layer,
        "llama.context_length": dims.n_ctx,
        "llama.embedding_length": dims.n_embd,
        "llama.feed_forward_length": dims.n_ff,
        "llama.attention.head_count": dims.n_head,
        "llama.attention.head_count_kv": dims.n_kv_head,
        "llama.attention.key_length": dims.head_dim,
        "llama.attention.value_length": dims.head_dim,
        "llama.rope.dimension_count": dims.head_dim,
        "llama.rope.freq_base": dims.rope_theta,
        **gguf_keys(dims),
        "llama.attention.layer_norm_rms_epsilon": dims.rms_eps,
        "llama.vocab_size": dims.n_vocab,
        **types,
        "general.quantization_version": _QUANTIZATION_VERSION,
        **_tokenizer_keys(model),
    }


def counted(tensors: list[StoredTensor], progress: Progress | None) -> list[StoredTensor]:
    """Tell of each tensor when it is read, which is when it is written."""
    tell = progress or silent

    def read(at: int, tensor: StoredTensor) -> NDArray[Any]:
        tell("writing tensors", at, len(tensors))
        return tensor.data

    return [
        StoredTensor(tensor.name, tensor.type, tensor.shape, partial(read, at, tensor))
        for at, tensor in enumerate(tensors)
    ]


def _numbers(model: LanguageModel, name: str, kind: FloatType) -> NDArray[Any]:
    return as_type(name, to_gguf_rows(name, finite(model.path, name, model.tensors[name].read()), model.dims), kind)


def _type(tensor: LazyTensor, kind: FloatType | None) -> FloatType:
    """Choose the type to write: norms are small and llama.cpp wants them in float32."""
    if len(tensor.shape) == 1:
        return "f32"
    if kind is not None:
        return kind
    return "f16" if tensor.type == "f16" else "bf16" if tensor.type == "bf16" else "f32"


def _tokenizer_keys(model: LanguageModel) -> dict[str, MetadataValue]:
    tokenizer = model.tokenizer
    ids: Mapping[str, MetadataValue] = {
        f"tokenizer.ggml.{GGUF_ROLES[role]}_token_id": tokenizer.special[role]
        for role in ROLES
        if role in tokenizer.special
    }
    template: dict[str, MetadataValue] = (
        {} if tokenizer.chat_template is None else {"tokenizer.chat_template": tokenizer.chat_template}
    )
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": tokenizer.cut,
        "tokenizer.ggml.tokens": list(tokenizer.tokens),
        "tokenizer.ggml.token_type": np.array(tokenizer.types, np.int32),
        "tokenizer.ggml.merges": list(tokenizer.merges),
        **ids,
        "tokenizer.ggml.add_bos_token": tokenizer.adds_bos,
        "tokenizer.ggml.add_space_prefix": False,
        **template,
    }
