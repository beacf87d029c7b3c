"""Rounding the token embedding."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge import quant
from edge.gguf.types import TensorType
from edge.whisper.file.embedding import BANDS, CHANNEL_SCALE, FREQUENT
from export.quantize.embedding import quantize_embedding
from export.quantize.policy import Quantized

N_SPECIAL_FROM, N_VOCAB, WIDTH = 20_010, 21_000, 64


@pytest.fixture(scope="module")
def uneven() -> NDArray[np.float32]:
    """One channel thirty times as large as the others, as tiny.en has it."""
    weights = np.random.default_rng(3).standard_normal((N_VOCAB, WIDTH)).astype(np.float32)
    weights[:, 7] *= 30
    weights[:, 9] = 0
    return weights


def restored(stored: Quantized) -> NDArray[np.float32]:
    parts = {part.name: part for part in stored.parts}
    rows = []
    for stem in BANDS:
        part = parts.get(f"{stem}.weight")
        if part is not None and part.type is TensorType.I8:
            rows.append(quant.dequantize_int8(part.data, parts[f"{stem}.weight_scale"].data))
        elif part is not None:
            rows.append(quant.dequantize_q4_0(part.data))
    whole: NDArray[np.float32] = np.concatenate(rows) * parts[CHANNEL_SCALE].data
    return whole


def loss(rounded: NDArray[np.float32], weights: NDArray[np.float32]) -> float:
    """Of the channels of usual size."""
    others = np.delete(np.arange(WIDTH), [7, 9])
    return float(np.linalg.norm((rounded - weights)[:, others]) / np.linalg.norm(weights[:, others]))


def test_small_channels_survive_a_large_one(uneven: NDArray[np.float32]) -> None:
    stored = quantize_embedding(uneven, "int8", N_SPECIAL_FROM)
    even = restored(stored)
    assert [part.type for part in stored.parts] == [TensorType.I8, TensorType.F32, TensorType.F32]
    assert loss(even, uneven) < 0.01 < loss(quant.dequantize_int8(*quant.quantize_int8(uneven)), uneven)
    assert (even[:, 9] == 0).all()
    assert stored.error == pytest.approx(np.linalg.norm(even - uneven) / np.linalg.norm(uneven), rel=1e-3)


def test_int4_keeps_frequent_and_special_rows(uneven: NDArray[np.float32]) -> None:
    stored = quantize_embedding(uneven, "int4", N_SPECIAL_FROM)
    shapes = {part.name: (part.type, part.shape[0]) for part in stored.parts}
    last = 20_000  # the last multiple of 16 before the special tokens
    assert shapes[f"{BANDS[0]}.weight"] == (TensorType.I8, FREQUENT)
    assert shapes[f"{BANDS[1]}.weight"] == (TensorType.Q4_0, last - FREQUENT)
    assert shapes[f"{BANDS[2]}.weight"] == (TensorType.I8, N_VOCAB - last)
    even = restored(stored)
    assert loss(even[:FREQUENT], uneven[:FREQUENT]) < 0.01
    assert loss(even[last:], uneven[last:]) < 0.01
    assert 0.05 < loss(even[FREQUENT:last], uneven[FREQUENT:last]) < 0.12


def test_moments_are_those_of_what_the_channels_leave(uneven: NDArray[np.float32]) -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((500, WIDTH)).astype(np.float32) @ rng.standard_normal((WIDTH, WIDTH)).astype(np.float32)
    moments = x.T @ x / np.float32(len(x))

    def missed(stored: Quantized) -> float:
        return float(np.linalg.norm(x @ (restored(stored) - uneven).T))

    minding, plain = (quantize_embedding(uneven, "int8", N_SPECIAL_FROM, one) for one in (moments, None))
    assert missed(minding) < 0.8 * missed(plain)


def test_a_small_vocabulary_is_one_band() -> None:
    weights = np.random.default_rng(3).standard_normal((100, WIDTH)).astype(np.float32)
    assert quantize_embedding(weights, "int4", 90).parts[0].type is TensorType.I8
    assert len(quantize_embedding(np.zeros((100, WIDTH), np.float32), "int4", 90).parts) == 3
