"""The search: budgets are met in shapes that the engine runs, and what is taken first costs least."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.format import StoredTensor, TensorType
from edge.format.layers import is_sound
from edge.format.whisper import tensor_shapes
from edge.progress import silent
from export.checkpoint import Checkpoint
from export.compress.encoder import shrink_encoder
from export.compress.search import Search
from export.compress.shapes import PARTS, smaller
from export.compress.speech import Speech
from export.costs import encoder_weights
from export.engine import engine_of


@pytest.mark.parametrize("part", PARTS)
def test_every_way_down_ends_and_saves_at_each_step(checkpoint: Checkpoint, part: str) -> None:
    shape, n = checkpoint.dims.layer_shape(0), 0
    while (tried := smaller(shape, part, checkpoint.dims)) is not None:  # type: ignore[arg-type]
        assert is_sound(tried, checkpoint.dims)
        shape, n = tried, n + 1
    assert n > 0 or part == "out"  # square, and too small here for two factors to save anything


def test_hidden_units_do_not_go_once_a_matrix_is_two_factors(checkpoint: Checkpoint) -> None:
    shape = smaller(checkpoint.dims.layer_shape(0), "fc1", checkpoint.dims)
    assert shape is not None
    assert smaller(shape, "hidden", checkpoint.dims) is None


def test_meets_budgets_one_after_the_other(checkpoint: Checkpoint, speech: Speech) -> None:
    damages = []
    for smaller_one in shrink_encoder(checkpoint, speech, (0.1, 0.4), 0, silent):
        dims, tensors = smaller_one.checkpoint.dims, smaller_one.checkpoint.tensors
        assert [tensor.shape for tensor in tensors.values()] == list(tensor_shapes(dims).values())
        assert all(is_sound(layer, dims) for layer in dims.layers)
        assert smaller_one.reduction == 1 - encoder_weights(dims) / encoder_weights(checkpoint.dims)
        damages.append(smaller_one.damage)
        stored = {name: StoredTensor(name, TensorType.F32, array.shape, array) for name, array in tensors.items()}
        state = engine_of(Path("made"), dims, stored).new_state()
        state.encode(np.zeros((10, dims.n_mels), np.float32))
        assert np.isfinite(state.decode(np.array([[1]], np.int32))).all()
    assert min(damages) > 0


def test_two_factors_alone_meet_a_budget(checkpoint: Checkpoint, speech: Speech) -> None:
    search = Search(checkpoint.tensors, checkpoint.dims, speech.measured, speech.listened, ("out", "fc1", "fc2"))
    search.shrink(0.15, silent)
    assert search.reduction >= 0.15
    assert all(layer.ffn_width == 256 for layer in search.dims.layers)
    assert any(layer.fc1_rank or layer.fc2_rank or layer.out_rank for layer in search.dims.layers)


def test_stops_where_nothing_more_can_go(checkpoint: Checkpoint, speech: Speech) -> None:
    search = Search(checkpoint.tensors, checkpoint.dims, speech.measured, speech.listened, ("keys",))
    search.shrink(0.9, silent)
    assert {layer.key_width for layer in search.dims.layers} == {16}
