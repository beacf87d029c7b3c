"""The tail of a model file: it comes back as written, a damaged one is refused, and clips end where it says."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import FormatError
from edge.gguf.file import StoredTensor
from edge.whisper.file.dims import WhisperDims
from edge.whisper.file.landmarks import Tail, clip_positions, tail_metadata
from edge.whisper.file.model import open_model

WriteModel = Callable[..., Path]

TAIL = Tail(
    stride=2,
    positions=np.array([1, 3], np.int32),
    counts=np.array([2, 1], np.int32),
    local_heads=np.array([0], np.int32),
    contexts=np.arange(128, dtype=np.float32).reshape(2, 1, 64),
)
DIMS = WhisperDims(80, 51864, 1500, 384, 6, 4, 448, 384, 6, 4)


def written(changes: dict[str, Any]) -> Callable[[dict[str, Any], dict[str, StoredTensor]], None]:
    def change(metadata: dict[str, Any], tensors: dict[str, StoredTensor]) -> None:
        metadata.update(tail_metadata(TAIL))
        for key, value in changes.items():
            metadata[f"edgewise.tail.{key}"] = value
            if value is None:
                del metadata[f"edgewise.tail.{key}"]

    return change


def test_comes_back_as_written(write_model: WriteModel) -> None:
    with open_model(write_model(written({}))) as model:
        found = model.tail
    assert found is not None
    for field in dataclasses.fields(Tail):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(TAIL, field.name))


def test_a_file_without_one_has_none(write_model: WriteModel) -> None:
    with open_model(write_model()) as model:
        assert model.tail is None


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("stride", 0, "stride: expected 1 to"),
        ("stride", "2", "stride: expected int"),
        ("positions", np.array([3, 1], np.int32), "ascending"),
        ("positions", np.array([1, 4000], np.int32), "found 4000"),
        ("positions", None, "positions is missing"),
        ("counts", np.array([0, 1], np.int32), "a count for each"),
        ("counts", np.array([1], np.int32), "a count for each"),
        ("local_heads", np.array([7], np.int32), "local_heads: expected numbers from 0"),
        ("contexts", np.zeros(127, np.float32), "expected 128 numbers, found 127"),
        ("contexts", np.zeros(128, np.int32), "finite float32"),
        ("contexts", np.full(128, np.nan, np.float32), "finite float32"),
        ("contexts", ["a"] * 128, "finite float32"),
        ("contexts", None, "expected 128 numbers, found 0"),
    ],
)
def test_a_wrong_one_is_refused(write_model: WriteModel, key: str, value: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        open_model(write_model(written({key: value})))


@pytest.mark.parametrize(
    ("seconds", "positions"), [(0.01, 48), (0.79, 48), (0.82, 96), (8.0, 432), (28.0, 1440), (28.7, 1500), (30.0, 1500)]
)
def test_clips_end_at_a_multiple_of_the_stride(seconds: float, positions: int) -> None:
    tail = dataclasses.replace(TAIL, stride=48)
    assert clip_positions(tail, round(seconds * 100), DIMS) == positions
