"""Weights of a language model in 4 bits, each layer rounded by the texts that reach it through those before it.

Two things keep the texts from deciding too much. Moments are drawn halfway towards their diagonal: as they are, they
fit so well to their own kind of text that another kind does worse than without any. And what is added to the stream
of a token counts by what it adds to that token's own, which the next norm divides by: in some layers the first token is
hundreds of times as large as all others, and weights would be rounded for it alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.arrays import FloatArray, IntArray
from edge.progress import Progress, silent
from edge.quant import dequantize_q4_0

from ..quantize.gptq import round_q4_0
from .forward import attention, gate, norm
from .model import EMBEDDING, LanguageModel, finite

Blocks = NDArray[np.uint8]

_TOWARDS_DIAGONAL = np.float32(0.5)
"""Share of the diagonal in the moments; perplexities are in benchmarks/journal/language.md."""


def round_layers(model: LanguageModel, texts: IntArray, progress: Progress | None = None) -> dict[str, Blocks]:
    """Round the matrices of all layers to Q4_0 rows by GPTQ (export.quantize.gptq), by their Hugging Face names.

    `texts` (n_texts, length) are tokens as the model will meet them. What a layer sees of them went through the layers
    before it as they were rounded, so that it makes up for their errors as far as it can.
    """
    dims, length = model.dims, texts.shape[1]
    rounded: dict[str, Blocks] = {}

    def through(inputs: FloatArray, *names: str, beside: FloatArray | None = None) -> FloatArray:
        """Round matrices that have the same inputs (n, k), and multiply the inputs by what they became.

        `beside` (n, d) is the stream that the product is added to, where it is.
        """
        weights = [_read(model, name) for name in names]
        counted = inputs
        if beside is not None:
            counted = inputs / np.sqrt(np.square(beside + inputs @ weights[0].T).mean(axis=1, keepdims=True))
        rows = round_q4_0(np.concatenate(weights), _moments(counted))
        ends = np.cumsum([len(matrix) for matrix in weights])[:-1]
        rounded.update(zip(names, np.split(rows, ends), strict=True))
        product: FloatArray = inputs @ dequantize_q4_0(rows).T
        return product

    x = _read(model, EMBEDDING)[texts.reshape(-1)]
    for layer in range(dims.n_layer):
        (progress or silent)("rounding layers", layer, dims.n_layer)
        at = f"model.layers.{layer}."
        h = norm(x, _read(model, f"{at}input_layernorm.weight"), dims)
        qkv = through(h, *(f"{at}self_attn.{part}_proj.weight" for part in "qkv"))
        x = x + through(attention(qkv, dims, length), f"{at}self_attn.o_proj.weight", beside=x)
        h = norm(x, _read(model, f"{at}post_attention_layernorm.weight"), dims)
        gated = gate(through(h, f"{at}mlp.gate_proj.weight", f"{at}mlp.up_proj.weight"))
        x = x + through(gated, f"{at}mlp.down_proj.weight", beside=x)
    return rounded


def _moments(inputs: FloatArray) -> FloatArray:
    """Compute the second moments (k, k) of inputs (n, k), drawn towards their diagonal and its mean."""
    moments = inputs.T @ inputs / np.float32(len(inputs))
    power = np.diagonal(moments).copy()
    moments *= 1 - _TOWARDS_DIAGONAL
    moments[np.diag_indices_from(moments)] = power + _TOWARDS_DIAGONAL * power.mean()
    return moments


def _read(model: LanguageModel, name: str) -> FloatArray:
    return np.asarray(finite(model.path, name, model.tensors[name].read()), np.float32)
