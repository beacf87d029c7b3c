"""Opens GGUF files of the llama architecture, as llama.cpp or our exporter writes them, and checks that they are whole.

In ours, each INT8 matrix `X.weight` has its scales in `X.weight_scale` (float32, one for each row), and
`edgewise.precision` is the precision that it was made for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatArray
from ..errors import FormatError, UnsupportedModelError
from ..gguf.file import GgufFile, StoredTensor
from ..gguf.keys import read, read_optional
from ..gguf.types import BLOCKS, TensorType
from ..quant import dequantize_int8, dequantize_q4_0, dequantize_q8_0
from .tokens import CUTS, TextTokenizer

HEAD_WIDTH = 64
EMBEDDING, HEAD = "token_embd.weight", "output.weight"
TYPES = (TensorType.F32, TensorType.F16, TensorType.Q8_0, TensorType.Q4_0, TensorType.Q4_1, TensorType.I8)
"""Types of tensors that are read."""

ROPE_FACTORS = "rope_freqs.weight"
"""Tensor of the numbers by which rotary frequencies are divided."""

PRECISION_KEY = "edgewise.precision"

_MOST_CODE = 127
_MOST_TOKENS = 1 << 20
_MOST_TEMPLATE = 1 << 20


@dataclass(frozen=True, slots=True)
class LlamaDims:
    """Sizes of a model of Llama's family, and the two constants of its arithmetic."""

    n_vocab: int
    n_ctx: int
    """Number of tokens that the model was trained to look back at."""
    n_state: int
    n_layer: int
    n_head: int
    n_kv_head: int
    """Number of heads of keys and values; each serves n_head / n_kv_head heads of queries."""
    n_ffn: int
    is_tied: bool
    """True where the token embedding is the output projection as well."""
    rope_base: float
    """Base of the rotary positions' frequencies."""
    epsilon: float
    """Number added under the norms' root."""
    rope_factors: tuple[float, ...] = (1.0,) * (HEAD_WIDTH // 2)
    """Numbers by which the frequency of each pair of dimensions is divided: more than 1 for long texts."""

    @property
    def n_read(self) -> int:
        """Number of weights that each token is multiplied by."""
        attention = 2 * self.n_state * self.n_head * HEAD_WIDTH + 2 * self.n_state * self.n_kv_head * HEAD_WIDTH
        return self.n_layer * (attention + 3 * self.n_state * self.n_ffn) + self.n_vocab * self.n_state


@dataclass(frozen=True, slots=True)
class LanguageFile:
    """A checked model file."""

    path: Path
    name: str
    dims: LlamaDims
    tensors: Mapping[str, StoredTensor]
    tokenizer: TextTokenizer
    start: int
    """Token that a text begins with."""
    ends: tuple[int, ...]
    """Tokens at which a text or an answer ends, the file's own first."""
    chat_template: str | None
    precision: str | None
    """Precision that one of our files was made for."""


def tensor_shapes(dims: LlamaDims) -> dict[str, tuple[int, ...]]:
    """List name and shape of every tensor."""
    d, q, kv = dims.n_state, dims.n_head * HEAD_WIDTH, dims.n_kv_head * HEAD_WIDTH
    shapes: dict[str, tuple[int, ...]] = {EMBEDDING: (dims.n_vocab, d), "output_norm.weight": (d,)}
    if not dims.is_tied:
        shapes[HEAD] = (dims.n_vocab, d)
    parts: dict[str, tuple[int, ...]] = {
        "attn_norm": (d,),
        "attn_q": (q, d),
        "attn_k": (kv, d),
        "attn_v": (kv, d),
        "attn_output": (d, q),
        "ffn_norm": (d,),
        "ffn_gate": (dims.n_ffn, d),
        "ffn_up": (dims.n_ffn, d),
        "ffn_down": (d, dims.n_ffn),
    }
    for layer in range(dims.n_layer):
        shapes |= {f"blk.{layer}.{part}.weight": shape for part, shape in parts.items()}
    return shapes


def check_file(file: GgufFile) -> LanguageFile:
    """Check a model file and read what is small in it.

    Raises:
        FormatError: it is damaged, or not what it claims to be.
        UnsupportedModelError: another kind of model, tokenizer, position or type of weights than is run here.
    """
    dims = _dims(file)
    if dims.n_layer > len(file.tensors):  # before as many names are made
        raise FormatError(f"{file.path}: {dims.n_layer} layers, and the file has {len(file.tensors)} tensors")
    for name, shape in tensor_shapes(dims).items():
        tensor = file.tensors.get(name)
        if tensor is None:
            raise FormatError(f"{file.path}: the tensor {name} is missing")
        if tensor.shape != shape:
            raise FormatError(f"{file.path}: {name}: expected shape {shape}, found {tensor.shape}")
        if tensor.type not in TYPES:
            known = ", ".join(type_.name for type_ in TYPES)
            raise UnsupportedModelError(f"{file.path}: {name}: expected one of {known}, found {tensor.type.name}")
        if tensor.type is TensorType.I8:
            check_scales(file, name)
    tokenizer = _tokenizer(file, dims.n_vocab)
    bos, eos = (read_optional(file, f"tokenizer.ggml.{role}_token_id", int, -1) for role in ("bos", "eos"))
    end = tokenizer.special.get("<|endoftext|>", eos)
    of_turn = read_optional(file, "tokenizer.ggml.eot_token_id", int, eos)
    start = end if tokenizer.special.get("<|endoftext|>") is not None else bos
    for role, token in (("beginning", start), ("end", eos)):
        if not 0 <= token < dims.n_vocab:
            raise FormatError(f"{file.path}: the token of a text's {role} is {token}; there are {dims.n_vocab}")
    template = file.metadata.get("tokenizer.chat_template")
    precision = file.metadata.get(PRECISION_KEY)
    return LanguageFile(
        path=file.path,
        name=read_optional(file, "general.name", str, file.path.stem),
        dims=dims,
        tensors=file.tensors,
        tokenizer=tokenizer,
        start=start,
        ends=tuple(dict.fromkeys((eos, end, of_turn))),
        chat_template=template if isinstance(template, str) and len(template) <= _MOST_TEMPLATE else None,
        precision=precision if isinstance(precision, str) else None,
    )


def check_scales(file: GgufFile, name: str) -> None:
    """Refuse an INT8 tensor that is no matrix with a scale for each row."""
    shape, scales = file.tensors[name].shape, file.tensors.get(scale_name(name))
    if len(shape) != 2 or scales is None or scales.type is not TensorType.F32 or scales.shape != shape[:1]:
        raise FormatError(f"{file.path}: {name}: expected a matrix, and a float32 scale a row in {scale_name(name)}")


def row_blocks(tensors: Mapping[str, StoredTensor], name: str, most: int) -> Iterator[Mapping[str, StoredTensor]]:
    """Cut a matrix, and the scales of an INT8 one, into blocks of at most so many rows, each under the same names."""
    whole = [tensors[each].in_memory() for each in (name, scale_name(name)) if each in tensors]
    for at in range(0, whole[0].shape[0], most):
        parts = {one.name: (one, one.data[at : at + most]) for one in whole}
        yield {
            each: replace(one, shape=(len(rows), *one.shape[1:]), source=rows) for each, (one, rows) in parts.items()
        }


def to_codes(path: Path, tensors: Mapping[str, StoredTensor], name: str) -> tuple[NDArray[np.int8], FloatArray]:
    """Read an INT8 matrix of one of our files: codes (n, k) and the scales of its rows (n,).

    Raises:
        FormatError: a code or a scale is none that a quantizer gives.
    """
    codes, scales = tensors[name].data, tensors[scale_name(name)].data
    if codes.min() < -_MOST_CODE:  # the kernels' sums have no room for -128
        raise FormatError(f"{path}: {name}: expected codes from -127 to 127, found -128")
    if not bool(np.isfinite(scales).all()) or bool((scales < 0).any()):
        raise FormatError(f"{path}: {scale_name(name)}: expected finite scales of 0 or more")
    return codes, scales


def to_blocks(path: Path, tensor: StoredTensor) -> NDArray[np.uint8]:
    """Read the Q4_0 rows of a matrix, (n, k / 32 * 18).

    Raises:
        FormatError: some scales are not finite.
    """
    data: NDArray[np.uint8] = tensor.data
    blocks = data.reshape(-1, BLOCKS[tensor.type][1])
    if not bool(np.isfinite(blocks[:, :2].view("<f2")).all()):
        raise FormatError(f"{path}: {tensor.name}: expected finite scales, found NaN or infinity")
    return data


def scale_name(name: str) -> str:
    """Name the tensor that holds the scales of an INT8 matrix."""
    return f"{name}_scale"


def to_numbers(path: Path, tensors: Mapping[str, StoredTensor], name: str) -> FloatArray:
    """Read the numbers that a tensor stands for.

    Raises:
        FormatError: some are not finite.
    """
    tensor = tensors[name]
    data = tensor.data
    with np.errstate(invalid="ignore", over="ignore"):  # found below
        if tensor.type is TensorType.I8:
            numbers = dequantize_int8(*to_codes(path, tensors, name))
        elif tensor.type is TensorType.Q8_0:
            numbers = dequantize_q8_0(data)
        elif tensor.type is TensorType.Q4_0:
            numbers = dequantize_q4_0(data)
        elif tensor.type is TensorType.Q4_1:
            numbers = _dequantize_q4_1(data)
        else:
            numbers = np.ascontiguousarray(data, np.float32)
    if not bool(np.isfinite(numbers).all()):
        raise FormatError(f"{path}: {tensor.name}: expected finite numbers, found NaN or infinity")
    return numbers.reshape(tensor.shape)


def _dequantize_q4_1(rows: NDArray[np.uint8]) -> FloatArray:
    """Widen blocks of a scale, a least number and 32 codes of 4 bits."""
    blocks = rows.reshape(-1, BLOCKS[TensorType.Q4_1][1])
    scale, least = (blocks[:, at : at + 2].copy().view("<f2").astype(np.float32) for at in (0, 2))
    codes = np.concatenate([blocks[:, 4:] & 15, blocks[:, 4:] >> 4], axis=1).astype(np.float32)
    return (codes * scale + least).reshape(rows.shape[0], -1)


def _dims(file: GgufFile) -> LlamaDims:
    if read_optional(file, "llama.expert_count", int, 0):
        raise UnsupportedModelError(f"{file.path}: a mixture of experts; only dense models are run")
    n_state, n_head = (read(file, f"llama.{key}", int) for key in ("embedding_length", "attention.head_count"))
    for key in ("attention.key_length", "attention.value_length", "rope.dimension_count"):
        width = read_optional(file, f"llama.{key}", int, n_state // max(n_head, 1))
        if width != HEAD_WIDTH:
            raise UnsupportedModelError(f"{file.path}: llama.{key}: heads {HEAD_WIDTH} wide are run, found {width}")
    embedding = file.tensors.get(EMBEDDING)
    return LlamaDims(
        n_vocab=read_optional(file, "llama.vocab_size", int, embedding.shape[0] if embedding else 0),
        n_ctx=read(file, "llama.context_length", int),
        n_state=n_state,
        n_layer=read(file, "llama.block_count", int),
        n_head=n_head,
        n_kv_head=read_optional(file, "llama.attention.head_count_kv", int, n_head),
        n_ffn=read(file, "llama.feed_forward_length", int),
        is_tied=HEAD not in file.tensors,
        rope_base=_number(file, "llama.rope.freq_base", 10000.0),
        epsilon=_number(file, "llama.attention.layer_norm_rms_epsilon", None),
        rope_factors=rope_factors(file, HEAD_WIDTH // 2),
    )


def rope_factors(file: GgufFile, n: int) -> tuple[float, ...]:
    """Read by what `n` rotary frequencies are divided: a factor for all, a tensor of one for each (Llama 3), or both.

    Raises:
        FormatError: they are no positive numbers, or others in number.
        UnsupportedModelError: another kind of scaling.
    """
    kind = read_optional(file, "llama.rope.scaling.type", str, "none")
    if kind not in ("none", "linear"):
        raise UnsupportedModelError(f"{file.path}: llama.rope.scaling.type: expected none or linear, found {kind!r}")
    factor = _number(file, "llama.rope.scaling.factor", 1.0) if kind == "linear" else 1.0
    for name in ("rope_factors_long.weight", "rope_factors_short.weight"):
        if name in file.tensors:
            raise UnsupportedModelError(f"{file.path}: {name}: rotary frequencies that depend on a text's length")
    name = ROPE_FACTORS
    if name not in file.tensors:
        return (factor,) * n
    stored = file.tensors[name]
    if stored.type is not TensorType.F32 or stored.shape != (n,):
        raise FormatError(f"{file.path}: {name}: expected {n} float32 numbers, found {stored.type.name} {stored.shape}")
    factors = to_numbers(file.path, file.tensors, name)
    if bool((factors <= 0).any()):
        raise FormatError(f"{file.path}: {name}: expected positive numbers")
    return tuple(factor * float(each) for each in factors)


def _number(file: GgufFile, key: str, default: float | None) -> float:
    value: Any = file.metadata[key] if key in file.metadata and not file.metadata.is_array(key) else default
    if not isinstance(value, float) or not math.isfinite(value) or value <= 0:
        raise FormatError(f"{file.path}: {key}: expected a positive number")
    return value


def _tokenizer(file: GgufFile, n_vocab: int) -> TextTokenizer:
    kind, cut = (read_optional(file, f"tokenizer.ggml.{key}", str, "") for key in ("model", "pre"))
    if kind != "gpt2" or cut not in CUTS:
        raise UnsupportedModelError(
            f"{file.path}: expected byte-level BPE ('gpt2', cut as {' or '.join(CUTS)}), found {kind!r}, {cut!r}"
        )
    tokens, merges = (_strings(file, f"tokenizer.ggml.{key}") for key in ("tokens", "merges"))
    if len(tokens) != n_vocab:
        raise FormatError(f"{file.path}: {len(tokens)} tokens, and the model has {n_vocab}")
    types = file.metadata.get("tokenizer.ggml.token_type")
    types = np.ones(n_vocab, np.int32) if types is None else types
    if not isinstance(types, np.ndarray) or types.shape != (n_vocab,) or types.dtype.kind not in "iu":
        raise FormatError(f"{file.path}: tokenizer.ggml.token_type: expected {n_vocab} integers")
    tokenizer = TextTokenizer(tuple(tokens), tuple(types.tolist()), tuple(merges), cut)
    unmade = tokenizer.unmade(merges)
    if unmade is not None:
        raise FormatError(f"{file.path}: the merge {unmade!r} does not join two parts into a token")
    return tokenizer


def _strings(file: GgufFile, key: str) -> list[str]:
    if key not in file.metadata or not file.metadata.holds_strings(key) or not file.metadata.is_array(key):
        raise FormatError(f"{file.path}: {key}: expected a list of strings")
    if file.metadata.count(key) > _MOST_TOKENS:
        raise FormatError(f"{file.path}: {key}: expected at most {_MOST_TOKENS}, found {file.metadata.count(key)}")
    found = file.metadata[key]
    return found if isinstance(found, list) else []
