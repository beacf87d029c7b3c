"""A random Llama of two layers with a vocabulary of a few merges, as the Hugging Face folder of a real one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.whisper.file.vocabulary import byte_characters
from export.llm.model import FloatType, LlamaDims, tensor_shapes
from export.llm.numbers import as_type
from export.writers.safetensors import SafetensorsType, write_safetensors

MadeFolder = Callable[..., Path]
"""`make(name="source", kind="f16", config={...}, tensors={...}, tokenizer={...})`: the folder, with these changes."""

SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MERGES = ("Ġ t", "h e", "i n", "Ġt he", "1 2")
N_VOCAB = 265
"""One more than there are tokens, as models are often padded."""

DIMS = LlamaDims(
    n_vocab=N_VOCAB,
    n_ctx=256,
    n_embd=64,
    n_ff=96,
    n_layer=2,
    n_head=4,
    n_kv_head=2,
    head_dim=16,
    rope_theta=10000.0,
    rms_eps=1e-5,
    is_tied=True,
)
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


def config() -> dict[str, Any]:
    """`config.json` of a model of `DIMS`."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": DIMS.n_embd,
        "intermediate_size": DIMS.n_ff,
        "num_hidden_layers": DIMS.n_layer,
        "num_attention_heads": DIMS.n_head,
        "num_key_value_heads": DIMS.n_kv_head,
        "max_position_embeddings": DIMS.n_ctx,
        "rope_theta": DIMS.rope_theta,
        "rms_norm_eps": DIMS.rms_eps,
        "vocab_size": DIMS.n_vocab,
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


def tokenizer() -> dict[str, Any]:
    """`tokenizer.json` in SmolLM2's form."""
    characters = byte_characters()
    tokens = [*SPECIALS, *(characters[byte] for byte in range(256)), *(merge.replace(" ", "") for merge in MERGES)]
    assert len(tokens) == N_VOCAB - 1
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    digits = {"type": "Digits", "individual_digits": True}
    return {
        "version": "1.0",
        "added_tokens": [{"id": at, "content": token, **flags} for at, token in enumerate(SPECIALS)],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, byte_level]},
        "post_processor": None,
        "decoder": byte_level,
        "model": {"type": "BPE", "vocab": {token: at for at, token in enumerate(tokens)}, "merges": list(MERGES)},
    }


def tensors() -> dict[str, NDArray[np.float32]]:
    """Random weights, large enough for attention to look somewhere and small enough for nothing to saturate."""
    generator = np.random.default_rng(11)
    made: dict[str, NDArray[np.float32]] = {}
    for name, shape in tensor_shapes(DIMS).items():
        noise = generator.standard_normal(shape, np.float32)
        scaled = noise / np.float32(8 if len(shape) == 1 else np.sqrt(shape[1]))
        made[name] = scaled + np.float32(1) if len(shape) == 1 else scaled
    return made


def write_folder(
    folder: Path,
    kind: FloatType = "f16",
    *,
    changes: Mapping[str, Any] | None = None,
    weights: Mapping[str, NDArray[np.float32]] | None = None,
    words: Mapping[str, Any] | None = None,
) -> Path:
    """Write a folder; `changes` are to config.json, None taking a key away."""
    folder.mkdir(parents=True)
    content = {key: value for key, value in (config() | dict(changes or {})).items() if value is not None}
    (folder / "config.json").write_text(json.dumps(content))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer() if words is None else words))
    said = {"bos_token": SPECIALS[1], "eos_token": {"content": SPECIALS[2]}, "chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    weights = tensors() if weights is None else weights
    stored = [as_type(name, tensor, kind) for name, tensor in weights.items()]
    types: dict[FloatType, SafetensorsType] = {"f16": "F16", "bf16": "BF16", "f32": "F32"}
    layout = {name: (types[kind], tensor.shape) for name, tensor in weights.items()}
    write_safetensors(folder / "model.safetensors", layout, stored)
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in float16."""
    return write_folder(tmp_path_factory.mktemp("llama") / "tiny-llama")
