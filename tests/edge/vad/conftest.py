"""Weights of Silero's shapes, made up, and an ONNX file that holds them; the real file where the store has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.vad.silero import _SHAPES

Weights = Mapping[str, NDArray[np.float32]]


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: int | bytes) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def onnx_file(weights: Weights) -> bytes:
    """A model whose graph has these initializers, with fields around them that a reader has to pass over."""
    initializers = b""
    for index, (name, values) in enumerate(weights.items()):
        dims = b"".join(field(1, size) for size in values.shape)
        if index % 2:
            dims = field(1, b"".join(map(varint, values.shape)))  # packed, as newer writers do
        tensor = dims + field(2, 1) + field(8, name.encode()) + field(9, values.astype("<f4").tobytes())
        initializers += field(5, tensor)
    counters = field(5, field(1, 1) + field(2, 7) + field(8, b"shape") + field(9, bytes(8)))  # int64
    graph = field(1, field(4, b"Conv")) + field(2, b"graph") + counters + initializers
    return field(1, 8) + field(2, b"somebody") + field(7, graph)


@pytest.fixture(scope="session")
def made_up() -> Weights:
    rng = np.random.default_rng(5)
    return {
        name: (rng.standard_normal(shape) * (0.5 / np.sqrt(np.prod(shape[1:] or (1,))))).astype(np.float32)
        for name, shape in _SHAPES.items()
    }


@pytest.fixture(scope="session")
def silero_file() -> Path:
    """The published network."""
    from edge.store import Store

    store = Store()
    if not store.is_here("silero-vad"):
        pytest.skip("silero-vad is not in the store: run `edgewise models pull silero-vad` once")
    return store.place("silero-vad")
