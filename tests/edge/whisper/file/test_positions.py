"""Positions that a file names: those that were published, and computed again when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import FormatError
from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.whisper.file.model import open_model
from edge.whisper.file.positions import POSITIONS, POSITIONS_KEY, SINUSOIDS, are_sinusoids, sinusoids

Change = Callable[[dict[str, Any], dict[str, StoredTensor]], None]
WriteModel = Callable[..., Path]


def named(value: Any) -> Change:
    def change(metadata: dict[str, Any], tensors: dict[str, StoredTensor]) -> None:
        del tensors[POSITIONS]
        metadata[POSITIONS_KEY] = value

    return change


def test_sinusoids_are_those_of_the_paper() -> None:
    found = sinusoids(50, 384)
    assert found.shape == (50, 384)
    for position, pair in ((0, 0), (7, 3), (49, 191)):
        angle = position / 10_000 ** (pair / 191)
        assert found[position, pair] == pytest.approx(np.sin(angle), abs=1e-6)
        assert found[position, 192 + pair] == pytest.approx(np.cos(angle), abs=1e-6)


def test_rounded_ones_count_and_others_do_not() -> None:
    exact = sinusoids(1500, 512)
    assert are_sinusoids(exact)
    assert are_sinusoids(exact.astype(np.float16))
    trained = exact.copy()
    trained[3, 5] += 1e-3
    assert not are_sinusoids(trained)
    trained[3, 5] = np.nan
    assert not are_sinusoids(trained)


def test_named_positions_are_computed(write_model: WriteModel) -> None:
    with open_model(write_model(named(SINUSOIDS))) as model:
        found = model.tensors[POSITIONS]
        assert (found.type, found.shape) == (TensorType.F32, (4, 64))
        np.testing.assert_array_equal(found.data, sinusoids(4, 64))
        assert POSITIONS not in model.file.tensors


def test_positions_in_the_file_are_used(write_model: WriteModel) -> None:
    def change(metadata: dict[str, Any], tensors: dict[str, StoredTensor]) -> None:
        metadata[POSITIONS_KEY] = SINUSOIDS

    with open_model(write_model(change)) as model:
        assert not are_sinusoids(model.tensors[POSITIONS].data)


@pytest.mark.parametrize(("value", "message"), [("rotary", "pos_emb.weight is missing"), (1, POSITIONS_KEY)])
def test_other_positions_are_refused(write_model: WriteModel, value: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        open_model(write_model(named(value)))
