"""A checkpoint to one with a smaller encoder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from edge.errors import CalibrationError
from edge.format.whisper import WhisperDims, tensor_shapes
from edge.progress import Progress

from ..checkpoint import Checkpoint
from .checkpoints import Checkpoints
from .network import Tensors, to_torch
from .recover import Lesson, Network, recover
from .search import Search
from .speech import Speech

MOST_REDUCTION = 0.6
"""Of the encoder's weights: beyond it nothing is left that recovers."""

_LEARNING_RATE = 5e-5
"""Twice as much undoes at first what a slightly smaller encoder has kept."""


@dataclass(frozen=True, slots=True)
class Smaller:
    """A checkpoint with a smaller encoder, and what that cost."""

    checkpoint: Checkpoint
    reduction: float
    """Share of the encoder's weights that has gone."""
    damage: float
    """Divergence a token from the whole model before recovery, in nats."""
    n_steps: int
    """Of recovery."""


def shrink_encoder(
    checkpoint: Checkpoint,
    speech: Speech,
    reductions: tuple[float, ...],
    recover_s: float,
    progress: Progress,
    checkpoints: Checkpoints | None = None,
) -> Iterator[Smaller]:
    """One checkpoint for each reduction, ascending: each goes on from the one before, with recovery of its own.

    Raises:
        CalibrationError: a reduction is out of range.
    """
    for reduction in reductions:
        if not 0 < reduction <= MOST_REDUCTION:
            raise CalibrationError(f"a reduction of {reduction}: expected a share from 0 to {MOST_REDUCTION}")
    teacher = Network(to_torch(checkpoint.tensors), checkpoint.dims)
    search = Search(checkpoint.tensors, checkpoint.dims, speech.measured, speech.listened)
    for reduction in reductions:
        search.shrink(reduction, progress)
        damage, n_steps = search.damage, 0
        if recover_s > 0:
            names = [name for name in search.tensors if name.startswith(("enc.blocks.", "enc.final_norm."))]
            lesson = Lesson(speech, recover_s, _LEARNING_RATE)
            student = Network(search.tensors, search.dims)
            recovered = recover(teacher, student, names, {}, lesson, progress, checkpoints)
            search.replace(recovered.tensors)
            n_steps = recovered.n_steps
        yield Smaller(_checkpoint(checkpoint, search.tensors, search.dims), search.reduction, damage, n_steps)


def _checkpoint(whole: Checkpoint, tensors: Tensors, dims: WhisperDims) -> Checkpoint:
    arrays = {name: np.ascontiguousarray(tensors[name].numpy()) for name in tensor_shapes(dims)}
    return replace(whole, dims=dims, tensors=MappingProxyType(arrays))
