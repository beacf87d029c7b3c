"""Hugging Face folders: safetensors, configurations and tokenizer, as transformers reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge.progress import Progress, silent

from ..tools.files import write_json
from ..writers.safetensors import SafetensorsType, write_safetensors
from .model import FloatType, LanguageModel, finite
from .numbers import as_type
from .rope import configuration
from .tokenizer import tokenizer_config, tokenizer_json

_STORED: dict[FloatType, SafetensorsType] = {"f16": "F16", "bf16": "BF16", "f32": "F32"}
_TORCH = {"f16": "float16", "bf16": "bfloat16", "f32": "float32"}


def write_huggingface(model: LanguageModel, folder: Path, kind: FloatType, *, progress: Progress | None = None) -> None:
    """Fill an empty folder with a model, every tensor in one type.

    Raises:
        FormatError: a tensor holds NaN or infinity; names it.
        UnsupportedModelError: a tensor does not fit into float16; names it. Or rotary positions are scaled in a way
            that has no name.
        OSError: the disk is full. What was written is the caller's to remove.
    """
    write_json(folder / "config.json", _config(model, kind), indent=1)
    write_json(folder / "generation_config.json", _special(model), indent=1)
    write_json(folder / "tokenizer.json", tokenizer_json(model.tokenizer))
    write_json(folder / "tokenizer_config.json", tokenizer_config(model.tokenizer, model.dims.n_ctx), indent=1)
    layout = {name: (_STORED[kind], tensor.shape) for name, tensor in model.tensors.items()}
    write_safetensors(folder / "model.safetensors", layout, _numbers(model, kind, progress or silent))


def _numbers(model: LanguageModel, kind: FloatType, tell: Progress) -> Iterator[NDArray[Any]]:
    for done, (name, tensor) in enumerate(model.tensors.items()):
        tell("writing tensors", done, len(model.tensors))
        yield as_type(name, finite(model.path, name, tensor.read()), kind)


def _config(model: LanguageModel, kind: FloatType) -> dict[str, Any]:
    dims = model.dims
    return {
        "_name_or_path": model.name,
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": dims.n_embd,
        "intermediate_size": dims.n_ff,
        "num_hidden_layers": dims.n_layer,
        "num_attention_heads": dims.n_head,
        "num_key_value_heads": dims.n_kv_head,
        "head_dim": dims.head_dim,
        "max_position_embeddings": dims.n_ctx,
        "rope_theta": dims.rope_theta,
        **configuration(model.path, dims, model.rope_scaling),
        "rms_norm_eps": dims.rms_eps,
        "vocab_size": dims.n_vocab,
        "tie_word_embeddings": dims.is_tied,
        "attention_bias": False,
        "mlp_bias": False,
        "torch_dtype": _TORCH[kind],
        "use_cache": True,
        **_special(model),
    }


def _special(model: LanguageModel) -> dict[str, int]:
    """List the ids that generation begins, ends and pads with."""
    special = model.tokenizer.special
    return {f"{role}_token_id": special[role] for role in ("bos", "eos", "pad") if role in special}
