"""A model of a few hundred kilobytes, packed by hand into the compiled part: what its tests and attacks run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge import _kernels

N_MELS, N_VOCAB, N_AUDIO, WIDTH, N_TEXT = 4, 83, 16, 64, 9
Dims = tuple[int, int, int, int, int, int, int, int, int, int]
DIMS: Dims = (N_MELS, N_VOCAB, N_AUDIO, WIDTH, WIDTH // 64, 1, N_TEXT, WIDTH, WIDTH // 64, 1)
TOKENS = np.array([[1, 82, 20]], np.int32)
F32, INT8, INT4 = 1, 2, 3


def linear_shapes(dims: Dims = DIMS) -> dict[str, tuple[int, int]]:
    """Outputs and inputs of every linear, in one piece."""
    n_mels, n_vocab, width = dims[0], dims[1], dims[3]
    wide, square, narrow = (4 * width, width), (width, width), (width, 4 * width)
    encoder = {"conv1": (width, 3 * n_mels), "conv2": (width, 3 * width), "qkv": (3 * width, width)}
    encoder |= {"out": square, "fc1": wide, "fc2": narrow}
    decoder = {"vocabulary": (n_vocab, width), "qkv": (3 * width, width), "self_out": square, "cross_q": square}
    decoder |= {"cross_kv": (2 * width, width), "cross_out": square, "fc1": wide, "fc2": narrow}
    return {f"enc.{name}": shape for name, shape in encoder.items()} | {
        f"dec.{name}": shape for name, shape in decoder.items()
    }


def rows(shape: tuple[int, int], kind: int, seed: int = 1) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
    """Random weights of a kind, and INT8's scales."""
    n, k = shape
    rng = np.random.default_rng(seed)
    if kind == F32:
        return (rng.standard_normal(shape) / np.sqrt(k)).astype(np.float32), None
    if kind == INT8:
        return rng.integers(-127, 128, shape).astype(np.int8), np.full(n, 1 / (73 * np.sqrt(k)), np.float32)
    blocks = rng.integers(0, 256, (n, k // 32, 18)).astype(np.uint8)
    blocks[:, :, :2] = np.frombuffer(np.float16(1 / (5 * np.sqrt(k))).tobytes(), np.uint8)
    return blocks, None


def best_kind(shape: tuple[int, int], kind: int) -> int:
    """The kind, or INT8 where INT4's groups do not fit."""
    return INT8 if kind == INT4 and shape[1] % 32 else kind


def fill(model: _kernels.Model, kind: int = F32, dims: Dims = DIMS, skip: tuple[str, ...] = ()) -> None:
    """Give every linear weights, and every norm its ones."""
    for seed, (name, shape) in enumerate(linear_shapes(dims).items()):
        layers = dims[5] if name.startswith("enc.") else dims[9]
        for layer in range(1 if name in ("enc.conv1", "enc.conv2", "dec.vocabulary") else layers):
            if name not in skip:
                its = best_kind(shape, kind)
                model.set_linear(name, layer, 0, shape[0], its, *rows(shape, its, seed))
    ones = np.ones(dims[3], np.float32)
    for name, n_layers in (("enc.norm", 1), ("dec.norm", 1), ("enc.norm_attn", dims[5]), ("enc.norm_ffn", dims[5])):
        for layer in range(n_layers):
            model.set_floats(f"{name}.weight", layer, 0, dims[3], ones)
    for layer in range(dims[9]):
        for name in ("dec.norm_self", "dec.norm_cross", "dec.norm_ffn"):
            model.set_floats(f"{name}.weight", layer, 0, dims[3], ones)


def new_model(kind: int = F32, threads: int = 2, level: str = "ref", dims: Dims = DIMS) -> _kernels.Model:
    """A whole model with one alignment head."""
    model = _kernels.Model(dims, level, threads, kind != F32)
    fill(model, kind, dims)
    model.set_alignment_heads(np.zeros(2, np.int32), 1)
    return model


def new_state(model: _kernels.Model | None = None, n_beams: int = 2) -> _kernels.State:
    """A state that has heard a clip."""
    state = _kernels.State(model or new_model(), n_beams)
    state.encode(mel(), len(mel()), None)
    return state


def mel(n_frames: int = 20, seed: int = 3, n_mels: int = N_MELS) -> NDArray[np.float32]:
    """Frames of noise."""
    return np.random.default_rng(seed).standard_normal((n_frames, n_mels)).astype(np.float32)


def run(state: _kernels.State) -> bytes:
    """Logits of one clip and three tokens."""
    logits = np.empty((1, TOKENS.size, N_VOCAB), np.float32)
    state.encode(mel(), len(mel()), None)
    state.decode(TOKENS, 1, TOKENS.size, logits, False, None)
    return logits.tobytes()
