"""Names of tensors in Hugging Face folders and in GGUF files, and the order of the rows of queries and keys.

Rotary positions turn pairs of a head's dimensions. Hugging Face pairs dimension i with i + head_dim / 2, GGUF's llama
architecture 2 i with 2 i + 1: the same numbers in another order, so the rows of queries' and keys' weights move.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from .model import EMBEDDING, HEAD, LlamaDims

_OUTSIDE = {EMBEDDING: "token_embd.weight", "model.norm.weight": "output_norm.weight", HEAD: "output.weight"}
_IN_LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def gguf_name(name: str) -> str:
    """Find GGUF's name of a tensor of `tensor_shapes`; another name is given back as it is."""
    if name in _OUTSIDE:
        return _OUTSIDE[name]
    prefix, _, rest = name.removeprefix("model.layers.").partition(".")
    part = rest.removesuffix(".weight")
    return f"blk.{prefix}.{_IN_LAYER[part]}.weight" if part in _IN_LAYER else name


def to_gguf_rows(name: str, tensor: NDArray[Any], dims: LlamaDims) -> NDArray[Any]:
    """Put the rows of the tensor with that Hugging Face name into GGUF's order."""
    heads = _heads(name, dims)
    if not heads:
        return tensor
    return tensor.reshape(heads, 2, dims.head_dim // 2, -1).swapaxes(1, 2).reshape(tensor.shape)


def from_gguf_rows(name: str, tensor: NDArray[Any], dims: LlamaDims) -> NDArray[Any]:
    """Undo `to_gguf_rows`."""
    heads = _heads(name, dims)
    if not heads:
        return tensor
    return tensor.reshape(heads, dims.head_dim // 2, 2, -1).swapaxes(1, 2).reshape(tensor.shape)


def _heads(name: str, dims: LlamaDims) -> int:
    """Count the heads whose rows are to be moved; 0 where the order is the same."""
    return {"q_proj": dims.n_head, "k_proj": dims.n_kv_head}.get(name.removesuffix(".weight").rpartition(".")[2], 0)
