"""What INT4 hurts most stays INT8, in the bytes that other tensors leave free, or for as much as is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.gguf.types import TensorType
from edge.progress import silent
from edge.whisper.file.positions import POSITIONS, sinusoids
from edge.whisper.file.roles import Role, role_of
from export import maker
from export.calibrate import calibrate
from export.calibrate.recordings import find_recordings
from export.calibrate.sensitivity import AtInt4, measure_int4
from export.checkpoint.types import Checkpoint
from export.maker import MadeModel, Maker, make_plain
from export.quantize.model import quantize_checkpoint
from export.quantize.policy import Quantized
from export.recipe import Recipe

COSTLIEST = "dec.blocks.1.cross_attn.out.weight"


@pytest.fixture(scope="module")
def checkpoint(make_checkpoint: Callable[..., Checkpoint]) -> Checkpoint:
    """In tiny.en's structure: two layers of one head."""
    return make_checkpoint("tiny.en", "float32")


@pytest.fixture(scope="module")
def published(checkpoint: Checkpoint) -> Checkpoint:
    """With the positions of every published model."""
    positions = sinusoids(*checkpoint.tensors[POSITIONS].shape)
    return replace(checkpoint, tensors=MappingProxyType({**checkpoint.tensors, POSITIONS: positions}))


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    noise = np.random.default_rng(1).standard_normal(16_000)
    soundfile.write(tmp_path / "noise.wav", 0.1 * noise, 16_000)
    return tmp_path / "noise.wav"


def make(checkpoint: Checkpoint, recordings: Path, recipe: Recipe) -> MadeModel:
    return Maker(checkpoint, find_recordings([recordings]), None, silent).make(recipe)


def raised(made: MadeModel) -> set[str]:
    """The linears that are INT8."""
    kinds = {name: tensor.parts[0].type for name, tensor in made.quantized.items() if role_of(name) is Role.LINEAR}
    assert set(kinds.values()) <= {TensorType.I8, TensorType.Q4_0}
    return {name for name, kind in kinds.items() if kind is TensorType.I8}


@pytest.fixture
def known_costs(monkeypatch: pytest.MonkeyPatch) -> None:

    def with_known_costs(*given: Any) -> list[AtInt4]:
        return [replace(one, damage=1.0 if COSTLIEST in one.rows else 1e-3) for one in measure_int4(*given)]

    monkeypatch.setattr(maker, "measure_int4", with_known_costs)


@pytest.mark.usefixtures("known_costs")
def test_the_room_of_convolutions_and_named_positions_is_used(
    tmp_path: Path, checkpoint: Checkpoint, published: Checkpoint, recordings: Path
) -> None:
    convolutions = sum(tensor.size for name, tensor in checkpoint.tensors.items() if role_of(name) is Role.CONVOLUTION)
    for one, freed in ((checkpoint, convolutions), (published, convolutions + 2 * checkpoint.tensors[POSITIONS].size)):
        made = make(one, recordings, Recipe("int4"))
        assert COSTLIEST in raised(made)
        sizes = []
        for model in (made, make_plain(one, "int4")):  # with nothing raised
            model.write(tmp_path / "m.gguf")
            sizes.append((tmp_path / "m.gguf").stat().st_size)
        assert 0.5 * freed < sizes[0] - sizes[1] <= 1.2 * freed  # rows as short as these have scales that count


def test_as_much_stays_as_is_asked_for(checkpoint: Checkpoint, recordings: Path) -> None:
    made = make(checkpoint, recordings, Recipe("int4", raised=0.5))
    sizes = {name: tensor.size for name, tensor in checkpoint.tensors.items() if role_of(name) is Role.LINEAR}
    share = sum(sizes[name] for name in raised(made)) / sum(sizes.values())
    assert 0.5 <= share < 0.75


def test_what_was_rounded_to_be_measured_is_as_any_rounding(published: Checkpoint, recordings: Path) -> None:
    made = make(published, recordings, Recipe("int4"))
    known = calibrate(published, find_recordings([recordings]))
    again = quantize_checkpoint(published, "int4", calibration=known, raised=raised(made), progress=silent)
    assert raised(made)
    for name, tensor in made.quantized.items():
        assert tensor.error == again[name].error
        assert all(np.array_equal(*data) for data in zip(parts(tensor), parts(again[name]), strict=True))


def parts(tensor: Quantized) -> list[NDArray[Any]]:
    """The arrays of a tensor."""
    return [part.data for part in tensor.parts]
