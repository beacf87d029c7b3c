"""One type for a language model from any source: sizes, tokenizer, and tensors that are read when asked for.

Sources are hostile files. Readers collect; `check_dims` refuses sizes that make no sense before anything is made
by them, `check_shapes` tensors that are missing, unknown or misshapen, and `finite` what holds NaN or infinity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge.errors import FormatError

from .tokenizer import TextTokenizer

FloatType = Literal["f16", "bf16", "f32"]

EMBEDDING = "model.embed_tokens.weight"
HEAD = "lm_head.weight"

_LIMITS = {
    "n_vocab": 1 << 20,
    "n_ctx": 1 << 24,
    "n_embd": 1 << 16,
    "n_ff": 1 << 18,
    "n_layer": 512,
    "n_head": 1024,
    "n_kv_head": 1024,
    "head_dim": 1 << 12,
}
"""Largest size accepted for each field: far above the models that this is for, far below what would overflow."""


@dataclass(frozen=True, slots=True)
class LlamaDims:
    """Sizes of a model of the Llama family, and the two constants of its arithmetic."""

    n_vocab: int
    n_ctx: int
    """Number of tokens that the model was trained to look back at."""
    n_embd: int
    n_ff: int
    n_layer: int
    n_head: int
    n_kv_head: int
    """Number of heads of keys and values; each serves n_head / n_kv_head heads of queries."""
    head_dim: int
    rope_theta: float
    """Base of the rotary positions' frequencies."""
    rms_eps: float
    is_tied: bool
    """True where the token embedding is the output projection as well."""
    rope_factors: tuple[float, ...] = ()
    """Numbers by which the frequency of each pair of dimensions is divided, as float32; empty where all are 1."""


@dataclass(frozen=True, slots=True)
class LazyTensor:
    """Tensor whose numbers are read when they are asked for, so that one model's worth never is in memory."""

    type: str
    """Type of the stored numbers, such as "bf16" or "q4_1"."""
    shape: tuple[int, ...]
    n_bytes: int
    """Size in bytes as it is stored."""
    read: Callable[[], NDArray[Any]]
    """Function that reads the numbers, float16 or float32; of other types, what they stand for in float32."""


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Model of the Llama family."""

    path: Path
    """Path that the model was read from."""
    name: str
    dims: LlamaDims
    tokenizer: TextTokenizer
    tensors: Mapping[str, LazyTensor]
    """Tensors with Hugging Face's names and order of rows; exactly those of `tensor_shapes`, in that order."""
    rope_scaling: Mapping[str, Any] | None = None
    """Configuration of Hugging Face's that `dims.rope_factors` come from, where the source has one."""


def tensor_shapes(dims: LlamaDims) -> dict[str, tuple[int, ...]]:
    """List name and shape of every tensor, in the order of the arithmetic."""
    q, kv = dims.n_head * dims.head_dim, dims.n_kv_head * dims.head_dim
    shapes: dict[str, tuple[int, ...]] = {EMBEDDING: (dims.n_vocab, dims.n_embd)}
    for layer in range(dims.n_layer):
        at = f"model.layers.{layer}."
        shapes |= {
            f"{at}input_layernorm.weight": (dims.n_embd,),
            f"{at}self_attn.q_proj.weight": (q, dims.n_embd),
            f"{at}self_attn.k_proj.weight": (kv, dims.n_embd),
            f"{at}self_attn.v_proj.weight": (kv, dims.n_embd),
            f"{at}self_attn.o_proj.weight": (dims.n_embd, q),
            f"{at}post_attention_layernorm.weight": (dims.n_embd,),
            f"{at}mlp.gate_proj.weight": (dims.n_ff, dims.n_embd),
            f"{at}mlp.up_proj.weight": (dims.n_ff, dims.n_embd),
            f"{at}mlp.down_proj.weight": (dims.n_embd, dims.n_ff),
        }
    shapes["model.norm.weight"] = (dims.n_embd,)
    if not dims.is_tied:
        shapes[HEAD] = (dims.n_vocab, dims.n_embd)
    return shapes


def check_dims(path: Path, dims: LlamaDims) -> None:
    """Refuse sizes that no such model has.

    Raises:
        FormatError: a size is out of range, or two of them disagree.
    """
    for field in fields(dims):
        value = getattr(dims, field.name)
        if field.name in _LIMITS and not 1 <= value <= _LIMITS[field.name]:
            raise FormatError(f"{path}: {field.name} is {value}, expected 1 to {_LIMITS[field.name]}")
    if dims.n_head % dims.n_kv_head:
        raise FormatError(f"{path}: {dims.n_head} heads cannot share {dims.n_kv_head} heads of keys and values evenly")
    if dims.head_dim % 2:
        raise FormatError(f"{path}: heads are {dims.head_dim} wide; rotary positions need an even number")
    for what, value in (("the base of rotary positions", dims.rope_theta), ("the norms' epsilon", dims.rms_eps)):
        if not (np.isfinite(value) and value > 0):
            raise FormatError(f"{path}: {what} is {value}, expected a positive number")


def check_shapes(path: Path, dims: LlamaDims, tensors: Mapping[str, LazyTensor], called: Callable[[str], str]) -> None:
    """Refuse tensors that are missing, unknown or misshapen, naming them as the source does (`called`).

    Raises:
        FormatError: names the tensor.
    """
    shapes = tensor_shapes(dims)
    for name, shape in shapes.items():
        if name not in tensors:
            raise FormatError(f"{path}: tensor {called(name)} is missing; the file is no whole model of these sizes")
        if tensors[name].shape != shape:
            raise FormatError(f"{path}: tensor {called(name)} has shape {tensors[name].shape}, expected {shape}")
    unknown = sorted(tensors.keys() - shapes.keys())
    if unknown:
        raise FormatError(f"{path}: tensor {called(unknown[0])} is no part of a Llama model of these sizes")


def finite(path: Path, name: str, tensor: NDArray[Any]) -> NDArray[Any]:
    """Give a tensor back if all of its numbers are finite.

    Raises:
        FormatError: it holds NaN or infinity; names it.
    """
    if not np.isfinite(tensor).all():
        raise FormatError(f"{path}: tensor {name} holds NaN or infinity; the weights are damaged")
    return tensor
