"""An embedding with scales of its channels, in one band or three."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import FormatError
from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.quant import quantize_q4_0
from edge.whisper.file.embedding import BANDS, CHANNEL_SCALE, embedding_bands
from edge.whisper.file.model import open_model

WriteModel = Callable[..., Path]
Tensors = dict[str, StoredTensor]

N_VOCAB, WIDTH = 1612, 64


def float_tensor(name: str, shape: tuple[int, ...], value: float = 1.0) -> StoredTensor:
    return StoredTensor(name, TensorType.F32, shape, np.full(shape, value, np.float32))


def in_bands(*rows: int, channels: tuple[int, ...] = (WIDTH,), value: float = 1.0) -> Callable[[Any, Tensors], None]:
    def change(metadata: dict[str, Any], tensors: Tensors) -> None:
        del tensors[f"{BANDS[0]}.weight"], tensors[f"{BANDS[0]}.weight_scale"]
        for stem, n in zip(BANDS, rows, strict=False):
            name = f"{stem}.weight"
            tensors[name] = float_tensor(name, (n, WIDTH))
            if stem == BANDS[1] and n:
                blocks = quantize_q4_0(np.ones((n, WIDTH), np.float32))
                tensors[name] = StoredTensor(name, TensorType.Q4_0, (n, WIDTH), blocks)
        tensors[CHANNEL_SCALE] = float_tensor(CHANNEL_SCALE, channels, value)

    return change


def test_three_bands(write_model: WriteModel) -> None:
    with open_model(write_model(in_bands(16, 1584, 12))) as model:
        assert embedding_bands(model.tensors) == BANDS
    with open_model(write_model()) as model:
        assert embedding_bands(model.tensors) == BANDS[:1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (in_bands(16, 1584, 28), "expected 1612 rows in bands of multiples of 16, found .16, 1584, 28."),
        (in_bands(20, 1580, 12), "multiples of 16"),
        (in_bands(16, 1596), "dec.token_embd.special.weight is missing"),
        (in_bands(16, 1584, 12, channels=(WIDTH - 1,)), "expected 64 float32 numbers, found .63,."),
        (in_bands(16, 1584, 12, value=0.0), "expected finite numbers above 0"),
        (in_bands(16, 1584, 12, value=float("nan")), "expected finite numbers above 0"),
        (in_bands(16, 1584, 12, value=float("inf")), "expected finite numbers above 0"),
    ],
)
def test_what_is_none_is_refused(write_model: WriteModel, change: Any, message: str) -> None:
    path = write_model(change)
    with pytest.raises(FormatError, match=message), open_model(path):
        pass
