"""GGUF files of the llama architecture, with the keys and names of gguf-py, as llama.cpp's own converter makes them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from edge.progress import Progress, silent

from ..tools.packages import require
from .model import FloatType, LanguageModel, LazyTensor, finite
from .names import gguf_name, to_gguf_rows
from .numbers import FLOAT_BYTES, as_type
from .tokenizer import ROLES

# ggml's numbers for "all f32", "mostly f16" and "mostly bf16".
_FILE_TYPES = {"f32": 0, "f16": 1, "bf16": 32}


def write_gguf(model: LanguageModel, path: Path, kind: FloatType | None, *, progress: Progress | None = None) -> None:
    """Write a model, a tensor at a time: matrices in `kind`, or without one as exactly as they are; norms in float32.

    Raises:
        FormatError: a tensor holds NaN or infinity; names it.
        UnsupportedModelError: a tensor does not fit into float16; names it.
        OSError: the disk is full. What was written is the caller's to remove.
    """
    require("llm", "gguf")
    import gguf

    types = {name: _type(tensor, kind) for name, tensor in model.tensors.items()}
    writer: Any = gguf.GGUFWriter(path, "llama")
    _add_keys(writer, model, kind or "f32")
    _add_tokenizer(writer, model)
    for name, tensor in model.tensors.items():
        number = gguf.GGMLQuantizationType[types[name].upper()]
        n_bytes = FLOAT_BYTES[types[name]]
        for size in tensor.shape:
            n_bytes *= size
        writer.add_tensor_info(gguf_name(name), tensor.shape, None, n_bytes, raw_dtype=number)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        # The writer's own way to write tensors does not say of a failure that the disk is full.
        (file,) = writer.fout
        writer.write_padding(file, file.tell())
        for done, (name, tensor) in enumerate(model.tensors.items()):
            (progress or silent)("writing tensors", done, len(model.tensors))
            numbers = to_gguf_rows(name, finite(model.path, name, tensor.read()), model.dims)
            data = as_type(name, numbers, types[name])
            file.write(data.data)
            writer.write_padding(file, data.nbytes)
        file.flush()
        os.fsync(file.fileno())
    finally:
        writer.close()


def _type(tensor: LazyTensor, kind: FloatType | None) -> FloatType:
    """Choose the type to write: norms are small and llama.cpp wants them in float32."""
    if len(tensor.shape) == 1:
        return "f32"
    if kind is not None:
        return kind
    return "f16" if tensor.type == "f16" else "bf16" if tensor.type == "bf16" else "f32"


def _add_keys(writer: Any, model: LanguageModel, kind: FloatType) -> None:
    dims = model.dims
    writer.add_type("model")
    writer.add_name(model.name)
    writer.add_block_count(dims.n_layer)
    writer.add_context_length(dims.n_ctx)
    writer.add_embedding_length(dims.n_embd)
    writer.add_feed_forward_length(dims.n_ff)
    writer.add_head_count(dims.n_head)
    writer.add_head_count_kv(dims.n_kv_head)
    writer.add_key_length(dims.head_dim)
    writer.add_value_length(dims.head_dim)
    writer.add_rope_dimension_count(dims.head_dim)
    writer.add_rope_freq_base(dims.rope_theta)
    writer.add_layer_norm_rms_eps(dims.rms_eps)
    writer.add_vocab_size(dims.n_vocab)
    writer.add_file_type(_FILE_TYPES[kind])
    writer.add_quantization_version(2)


def _add_tokenizer(writer: Any, model: LanguageModel) -> None:
    tokenizer = model.tokenizer
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(tokenizer.cut)
    writer.add_token_list(tokenizer.tokens)
    writer.add_token_types(tokenizer.types)
    writer.add_token_merges(tokenizer.merges)
    for role in ROLES:
        if role in tokenizer.special:
            getattr(writer, f"add_{role}_token_id")(tokenizer.special[role])
    writer.add_add_bos_token(tokenizer.adds_bos)
    writer.add_add_space_prefix(False)
    if tokenizer.chat_template is not None:
        writer.add_chat_template(tokenizer.chat_template)
