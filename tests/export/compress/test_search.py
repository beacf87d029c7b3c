"""The search: budgets are met in shapes that the engine runs, and what is taken first costs least."""

from __future__ import annotations

import numpy as np
import pytest

from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.progress import silent
from edge.whisper.file.dims import tensor_shapes
from edge.whisper.file.layers import is_sound
from export.checkpoint.types import Checkpoint
from export.compress.encoder import search_sizes, shrink_encoder
from export.compress.search import Search
from export.compress.shapes import PARTS, smaller
from export.compress.speech import Speech
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


def test_meets_budgets_in_any_order_on_one_way_down(checkpoint: Checkpoint, speech: Speech) -> None:
    search = search_sizes(checkpoint, speech, (0.25, 0.1))
    found = {
        reduction: shrink_encoder(checkpoint, search, speech, reduction, 0, silent) for reduction in (0.1, 0.4, 0.25)
    }
    for reduction, smaller_one in found.items():
        dims, tensors = smaller_one.checkpoint.dims, smaller_one.checkpoint.tensors
        assert [tensor.shape for tensor in tensors.values()] == list(tensor_shapes(dims).values())
        assert all(is_sound(layer, dims) for layer in dims.layers)
        assert smaller_one.reduction == 1 - dims.encoder_weights / checkpoint.dims.encoder_weights >= reduction
        assert smaller_one.damage > 0
        stored = {name: StoredTensor(name, TensorType.F32, array.shape, array) for name, array in tensors.items()}
        state = engine_of("made", dims, stored).new_state()
        state.encode(np.zeros((10, dims.n_mels), np.float32))
        assert np.isfinite(state.decode(np.array([[1]], np.int32))).all()
    assert found[0.1].reduction < found[0.25].reduction < found[0.4].reduction
    assert not search.reaches(0.2)
    with pytest.raises(ValueError, match=r"a reduction of 0\.2 after one of 0\.4"):
        search.at(0.2, silent)
    alone = shrink_encoder(checkpoint, search_sizes(checkpoint, speech), speech, 0.25, 0, silent)
    assert alone.damage == found[0.25].damage
    for name, tensor in alone.checkpoint.tensors.items():
        np.testing.assert_array_equal(tensor, found[0.25].checkpoint.tensors[name])


def test_two_factors_alone_meet_a_budget(checkpoint: Checkpoint, speech: Speech) -> None:
    search = Search(checkpoint.tensors, checkpoint.dims, speech.measured, speech.listened, ("out", "fc1", "fc2"))
    size = search.at(0.15, silent)
    assert size.reduction >= 0.15
    assert search.at(0.15, silent) is size
    assert all(layer.ffn_width == 256 for layer in size.dims.layers)
    assert any(layer.fc1_rank or layer.fc2_rank or layer.out_rank for layer in size.dims.layers)


def test_stops_where_nothing_more_can_go(checkpoint: Checkpoint, speech: Speech) -> None:
    search = Search(checkpoint.tensors, checkpoint.dims, speech.measured, speech.listened, ("keys",))
    assert {layer.key_width for layer in search.at(0.9, silent).dims.layers} == {16}
