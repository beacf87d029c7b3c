"""Weights of a language model in 4 bits, each layer rounded by the texts that reach it through those before it."""

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


def round_layers(model: LanguageModel, texts: IntArray, progress: Progress | None = None) -> dict[str, Blocks]:
    """Round the matrices of all layers to Q4_0 rows by GPTQ (export.quantize.gptq), by their Hugging Face names.

    `texts` (n_texts, length) are tokens as the model will meet them. What a layer sees of them went through the layers
    before it as they were rounded, so that it makes up for their errors as far as it can.
    """
    dims, length = model.dims, texts.shape[1]
    rounded: dict[str, Blocks] = {}

    def through(inputs: FloatArray, *names: str) -> FloatArray:
        """Round matrices that have the same inputs (n, k), and multiply the inputs by what they became."""
        weights = [_read(model, name) for name in names]
        rows = round_q4_0(np.concatenate(weights), inputs.T @ inputs / np.float32(len(inputs)))
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
        x = x + through(attention(qkv, dims, length), f"{at}self_attn.o_proj.weight")
        h = norm(x, _read(model, f"{at}post_attention_layernorm.weight"), dims)
        gated = gate(through(h, f"{at}mlp.gate_proj.weight", f"{at}mlp.up_proj.weight"))
        x = x + through(gated, f"{at}mlp.down_proj.weight")
    return rounded


def _read(model: LanguageModel, name: str) -> FloatArray:
    return np.asarray(finite(model.path, name, model.tensors[name].read()), np.float32)
