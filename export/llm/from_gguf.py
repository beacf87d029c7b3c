"""GGUF files of the llama architecture. What is quantized in them is read as the float32 numbers it stands for."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import FormatError, UnsupportedModelError
from edge.gguf.file import GgufFile, open_gguf
from edge.gguf.types import TensorType
from edge.llm.file import ROPE_FACTORS, TYPES, check_scales, rope_factors, scale_name, to_numbers

from ..tools.packages import require
from .model import EMBEDDING, HEAD, LanguageModel, LazyTensor, LlamaDims, check_dims, check_shapes, tensor_shapes
from .names import from_gguf_rows, gguf_name
from .rope import stored
from .tokenizer import CUTS, NORMAL, ROLES, TextTokenizer, check_tokenizer

EMBEDDING_NAME = gguf_name(EMBEDDING)

GGUF_ROLES = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}
_MAX_TOKENS = 1 << 20


def read_gguf(path: Path) -> LanguageModel:
    """Read a model file of any precision; it stays open for as long as the model is used.

    Raises:
        FormatError: it is damaged, or not what it claims to be.
        UnsupportedModelError: another architecture, another kind of tokenizer or of scaled rotary positions.
    """
    file = open_gguf(path)
    architecture = file.metadata.get("general.architecture")
    if architecture != "llama":
        raise UnsupportedModelError(f"{path}: the architecture is {architecture!r}; only 'llama' is supported")
    dims = _dims(file)
    check_dims(path, dims)
    dims = replace(dims, rope_factors=stored(rope_factors(file, dims.head_dim // 2)))
    tensors = {name: _lazy(file, name, dims) for name in tensor_shapes(dims) if gguf_name(name) in file.tensors}
    scales = {scale_name(name) for name, stored in file.tensors.items() if stored.type is TensorType.I8}
    unknown = file.tensors.keys() - set(map(gguf_name, tensors)) - scales - {ROPE_FACTORS}
    check_shapes(path, dims, tensors | {name: _lazy(file, name, dims) for name in unknown}, gguf_name)
    name = file.metadata.get("general.name")
    return LanguageModel(
        path=path,
        name=name if isinstance(name, str) and name else path.stem,
        dims=dims,
        tokenizer=_tokenizer(file, dims.n_vocab),
        tensors=tensors,
    )


def dequantize(file: GgufFile, name: str) -> NDArray[Any]:
    """Read the numbers of a tensor: float16 and float32 as they are, those of every other type in float32.

    Raises:
        FormatError: it says that it is INT8 and has no scales.
        UnsupportedModelError: gguf-py knows no way from that type to numbers.
    """
    stored = file.tensors[name]
    if stored.type in (TensorType.F32, TensorType.F16):
        return stored.data
    if stored.type is TensorType.I8:
        check_scales(file, name)
    if stored.type in TYPES:
        return to_numbers(file.path, file.tensors, name)
    require("llm", "gguf")
    import gguf

    try:
        with np.errstate(invalid="ignore", over="ignore"):  # damaged scales; found by `finite`
            widened = gguf.quants.dequantize(stored.data, gguf.GGMLQuantizationType(stored.type.value))
    except (NotImplementedError, ValueError) as error:
        raise UnsupportedModelError(
            f"{file.path}: tensor {stored.name} is {stored.type.name}, which cannot be widened"
        ) from error
    numbers: NDArray[Any] = widened.reshape(stored.shape)
    return numbers


def _lazy(file: GgufFile, name: str, dims: LlamaDims) -> LazyTensor:
    stored = file.tensors[gguf_name(name)]
    return LazyTensor(stored.type.name.lower(), stored.shape, stored.n_bytes, partial(_read, file, name, dims))


def _read(file: GgufFile, name: str, dims: LlamaDims) -> NDArray[Any]:
    return from_gguf_rows(name, dequantize(file, gguf_name(name)), dims)


def _dims(file: GgufFile) -> LlamaDims:
    if file.metadata.get("llama.expert_count", 0) != 0:
        raise UnsupportedModelError(f"{file.path}: a mixture of experts; only dense models are supported")
    if EMBEDDING_NAME not in file.tensors:
        raise FormatError(f"{file.path}: tensor {EMBEDDING_NAME} is missing; the file is no whole model")
    n_embd = _integer(file, "llama.embedding_length")
    n_head = _integer(file, "llama.attention.head_count")
    if n_head < 1 or n_embd < 1:
        raise FormatError(f"{file.path}: {n_head} heads over a width of {n_embd}; expected at least 1 of each")
    head_dim = _integer(file, "llama.attention.key_length", n_embd // n_head)
    for key in ("llama.rope.dimension_count", "llama.attention.value_length"):
        if _integer(file, key, head_dim) != head_dim:
            raise UnsupportedModelError(f"{file.path}: {key} is {file.metadata[key]}; heads are {head_dim} wide")
    return LlamaDims(
        # Files older than the key say it by the embedding alone.
        n_vocab=_integer(file, "llama.vocab_size", file.tensors[EMBEDDING_NAME].shape[0]),
        n_ctx=_integer(file, "llama.context_length"),
        n_embd=n_embd,
        n_ff=_integer(file, "llama.feed_forward_length"),
        n_layer=_integer(file, "llama.block_count"),
        n_head=n_head,
        n_kv_head=_integer(file, "llama.attention.head_count_kv", n_head),
        head_dim=head_dim,
        rope_theta=_number(file, "llama.rope.freq_base", 10000.0),
        rms_eps=_number(file, "llama.attention.layer_norm_rms_epsilon"),
        is_tied=gguf_name(HEAD) not in file.tensors,
    )


def _integer(file: GgufFile, key: str, default: int | None = None) -> int:
    value = file.metadata.get(key, default)
    if type(value) is not int:
        found = "nothing" if value is None else f"{str(value)[:40]}"
        raise FormatError(f"{file.path}: {key}: expected one integer, found {found}")
    return value


def _number(file: GgufFile, key: str, default: float | None = None) -> float:
    value = file.metadata.get(key, default)
    if type(value) not in (int, float):
        raise FormatError(f"{file.path}: {key}: expected a number, found {str(value)[:40]}")
    return _shortest(float(value))  # type: ignore[arg-type]


def _shortest(value: float) -> float:
    """Find the decimal number that was meant: 1e-05 for the float32 9.999999747378752e-06."""
    return float(str(np.float32(value))) if np.isfinite(value) else value


def _tokenizer(file: GgufFile, n_vocab: int) -> TextTokenizer:
    path, metadata = file.path, file.metadata
    kind = metadata.get("tokenizer.ggml.model")
    cut = metadata.get("tokenizer.ggml.pre")
    if kind != "gpt2":
        raise UnsupportedModelError(f"{path}: the tokenizer is {kind!r}; only 'gpt2', byte-level BPE, is supported")
    if not isinstance(cut, str) or cut not in CUTS:
        raise UnsupportedModelError(f"{path}: tokenizer.ggml.pre is {cut!r}; known are {', '.join(CUTS)}")
    tokens = _strings(file, "tokenizer.ggml.tokens")
    if len(tokens) != n_vocab:
        raise FormatError(f"{path}: {len(tokens)} tokens, and the model has {n_vocab}; they do not belong together")
    types = metadata.get("tokenizer.ggml.token_type", np.full(n_vocab, NORMAL))
    if not isinstance(types, np.ndarray) or types.shape != (n_vocab,) or types.dtype.kind not in "iu":
        raise FormatError(f"{path}: tokenizer.ggml.token_type: expected {n_vocab} integers")
    keys = {role: f"tokenizer.ggml.{GGUF_ROLES[role]}_token_id" for role in ROLES}
    template = metadata.get("tokenizer.chat_template")
    tokenizer = TextTokenizer(
        tokens=tuple(tokens),
        types=tuple(int(kind) for kind in types),
        merges=tuple(_strings(file, "tokenizer.ggml.merges")),
        cut=cut,
        special={role: _integer(file, key) for role, key in keys.items() if key in metadata},
        adds_bos=metadata.get("tokenizer.ggml.add_bos_token", cut == "llama-bpe") is True,
        chat_template=template if isinstance(template, str) else None,
    )
    check_tokenizer(path, tokenizer)
    return tokenizer


def _strings(file: GgufFile, key: str) -> list[str]:
    if key not in file.metadata or not file.metadata.holds_strings(key) or not file.metadata.is_array(key):
        raise FormatError(f"{file.path}: {key}: expected a list of strings")
    if file.metadata.count(key) > _MAX_TOKENS:
        raise FormatError(f"{file.path}: {key}: {file.metadata.count(key)} of them; at most {_MAX_TOKENS} are accepted")
    found = file.metadata[key]
    assert isinstance(found, list)
    return found
