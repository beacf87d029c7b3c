"""Runs a language model on the C kernels: packs a model file's weights, and makes states that read texts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatArray, IntArray
from ..errors import FormatError, KernelError, UnsupportedModelError
from ..gguf.file import StoredTensor
from ..gguf.types import TensorType
from ..memory import give_back_holes
from ..ops import KernelLlama, KernelLlamaState, LinearType, cpu_level
from ..quant import quantize_int8, quantize_q4_0
from .file import EMBEDDING, HEAD, HEAD_WIDTH, LanguageFile, LlamaDims, row_blocks, to_blocks, to_codes, to_numbers
from .names import Cache

Precision = Literal["f32", "int8", "int4"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

_Weights = tuple[NDArray[Any], FloatArray | None]
_ROWS_AT_ONCE = 1024
"""Rows that are widened and rounded at once: a vocabulary in float32 is four times the model. A multiple of 64."""
_LARGEST_F16 = float(np.finfo(np.float16).max)

_PARTS = {
    "qkv": ("attn_q", "attn_k", "attn_v"),
    "out": ("attn_output",),
    "gate_up": ("ffn_gate", "ffn_up"),
    "down": ("ffn_down",),
}


class LlamaEngine:
    """Weights of a model file, packed for this processor."""

    is_exact = True

    def __init__(
        self, file: LanguageFile, *, precision: Precision, threads: int, n_ctx: int, cache: Cache = "f32"
    ) -> None:
        """Pack the weights at a precision; the file is no longer needed afterwards.

        Texts in progress keep their keys and values at the precision `cache`.

        Raises:
            FormatError: a weight is not a number.
            KernelError: EDGE_CPU names an unsupported level, or the engine cannot hold such a model.
        """
        self.dims, self.n_ctx, self.precision = file.dims, min(n_ctx, file.dims.n_ctx), precision
        self._cache = cache
        d = file.dims
        sizes = (d.n_vocab, self.n_ctx, d.n_state, d.n_layer, d.n_head, d.n_kv_head, d.n_ffn, d.is_tied)
        try:
            self._model = KernelLlama(sizes, d.epsilon, cpu_level(), threads)
        except ValueError as error:
            raise UnsupportedModelError(f"{file.path}: the engine refuses this model: {error}") from error
        self._fill(file)

    def new_state(self, capacity: int | None = None) -> LlamaState:
        """Make the cache and buffers for one text at a time, of at most `capacity` tokens."""
        state = KernelLlamaState(self._model, capacity or self.n_ctx, self._cache == "int8")
        return LlamaState(state, self.dims.n_vocab)

    def _fill(self, file: LanguageFile) -> None:
        self._set(file, "embedding", 0, (EMBEDDING,))
        if not self.dims.is_tied:
            self._set(file, "head", 0, (HEAD,))
        give_back_holes()  # of numbers of the vocabulary, a multiple of what a layer takes
        self._set_floats(file, "norm", 0, "output_norm")
        turns = _turns(self.dims, self.n_ctx)
        self._model.set_floats("turns", 0, 0, turns.size, turns)
        for layer in range(self.dims.n_layer):
            self._set_floats(file, "norm_attn", layer, f"blk.{layer}.attn_norm")
            self._set_floats(file, "norm_ffn", layer, f"blk.{layer}.ffn_norm")
            for name, parts in _PARTS.items():
                self._set(file, name, layer, tuple(f"blk.{layer}.{part}.weight" for part in parts))
        give_back_holes()

    def _set_floats(self, file: LanguageFile, name: str, layer: int, stem: str) -> None:
        values = to_numbers(file.path, file.tensors, f"{stem}.weight")
        self._model.set_floats(name, layer, 0, values.size, values)

    def _set(self, file: LanguageFile, name: str, layer: int, tensors: tuple[str, ...]) -> None:
        kind, first = _kind(file, tensors, self.precision), 0
        for tensor in tensors:
            for rows in row_blocks(file.tensors, tensor, _ROWS_AT_ONCE):
                weights, scales = _weights(file.path, rows, tensor, kind)
                weights = np.ascontiguousarray(_by_halves(weights, tensor))
                scales = None if scales is None else np.ascontiguousarray(_by_halves(scales, tensor))
                self._model.set_linear(name, layer, first, len(weights), kind, weights, scales)
                first += len(weights)


def _kind(file: LanguageFile, names: tuple[str, ...], precision: Precision) -> LinearType:
    """Choose the type of a linear made of these matrices.

    At int4 the vocabulary has INT8, which it needs, and so has a linear that the file keeps at INT8.
    """
    if precision == "f32":
        return LinearType.F32
    is_kept = all(name in (EMBEDDING, HEAD) or file.tensors[name].type is TensorType.I8 for name in names)
    return LinearType.INT8 if precision == "int8" or is_kept else LinearType.INT4


def _weights(path: Path, tensors: Mapping[str, StoredTensor], name: str, kind: LinearType) -> _Weights:
    """Read rows of a matrix as a type: codes and scales, blocks or numbers; rounded here if the file has others."""
    stored = tensors[name]
    if kind is LinearType.INT8 and stored.type is TensorType.I8:
        return to_codes(path, tensors, name)
    if kind is LinearType.INT4 and stored.type is TensorType.Q4_0:
        return to_blocks(path, stored), None
    numbers = to_numbers(path, tensors, name)
    if kind is LinearType.INT8:
        return quantize_int8(numbers)
    return (_blocks(path, name, numbers) if kind is LinearType.INT4 else numbers), None


def _blocks(path: Path, name: str, numbers: FloatArray) -> NDArray[np.uint8]:
    """Round numbers to INT4 blocks, whose scales are float16."""
    if float(np.abs(numbers).max(initial=0)) > _LARGEST_F16:
        raise FormatError(f"{path}: {name}: expected numbers in float16's range, which INT4 needs; open it as int8")
    return quantize_q4_0(numbers)


def _by_halves(rows: NDArray[Any], name: str) -> NDArray[Any]:
    """Put the rows of queries and keys in the order of our rotary positions: first halves of pairs, then second ones.

    llama.cpp's files turn rows 2 i and 2 i + 1 of a head together, our kernel i and i + 32.
    """
    if "attn_q." not in name and "attn_k." not in name:
        return rows
    half = HEAD_WIDTH // 2
    return rows.reshape(-1, half, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def _turns(dims: LlamaDims, n_ctx: int) -> FloatArray:
    """Make cosines and sines of the angles of each position."""
    frequencies = dims.rope_base ** (-np.arange(0, HEAD_WIDTH, 2) / HEAD_WIDTH) / np.array(dims.rope_factors)
    angles = np.arange(n_ctx)[:, None] * frequencies
    return np.ascontiguousarray(np.concatenate([np.cos(angles), np.sin(angles)], axis=1), np.float32)


class LlamaState:
    """A text in progress."""

    def __init__(self, state: KernelLlamaState, n_vocab: int) -> None:
        self._state = state
        self._n_vocab = n_vocab

    @property
    def n_past(self) -> int:
        """Number of positions filled so far."""
        return self._state.n_past

    def read(self, tokens: list[int]) -> FloatArray:
        """Append tokens; gives the logits of what comes next, (n_vocab,), valid until the next call."""
        self._call(tokens, None)
        return np.frombuffer(memoryview(self._state), np.float32)

    def read_all(self, tokens: list[int]) -> FloatArray:
        """Append tokens; gives the logits after each, (n, n_vocab)."""
        logits = np.empty((len(tokens), self._n_vocab), np.float32)
        self._call(tokens, logits)
        return logits

    def score(self, tokens: IntArray, positions: IntArray, rows: IntArray, targets: IntArray) -> FloatArray:
        """Read a tree in preorder, and give the log-probability of each target after the token at its row."""
        out = np.empty(len(targets), np.float32)
        try:
            self._state.score(tokens, positions, len(tokens), rows, targets, len(targets), out)
        except (ValueError, RuntimeError) as error:
            raise KernelError(str(error)) from error
        return out

    def rewind(self, n_past: int) -> None:
        """Forget the positions from `n_past` on."""
        self._state.rewind(n_past)

    def drop(self, first: int, n: int) -> None:
        """Forget `n` positions from `first` on; those after them move up."""
        self._state.drop(first, n)

    def _call(self, tokens: list[int], logits: FloatArray | None) -> None:
        ids = np.asarray(tokens, np.int32)
        positions = np.arange(self.n_past, self.n_past + len(tokens), dtype=np.int32)
        try:
            self._state.read(ids, positions, len(tokens), logits)
        except (ValueError, RuntimeError) as error:
            raise KernelError(str(error)) from error
