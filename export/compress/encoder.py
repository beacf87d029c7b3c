"""Making the encoder of a checkpoint smaller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from edge.progress import Progress
from edge.whisper.file.dims import WhisperDims, tensor_shapes

from ..checkpoint.types import Checkpoint
from ..errors import CalibrationError
from .checkpoints import Checkpoints
from .network import Tensors, to_torch
from .recover import Lesson, Network, recover
from .search import Search
from .speech import Speech

MOST_REDUCTION = 0.6
"""Largest share of the encoder's weights to take away: beyond it nothing is left that recovers."""

_LEARNING_RATE = 6e-4
"""Learning rate for a reduction of 1; scaled by the reduction's square, because a smaller model has more to relearn,
and where little is lost longer steps undo more than they teach."""


@dataclass(frozen=True, slots=True)
class Smaller:
    """Checkpoint with a smaller encoder, and what that cost."""

    checkpoint: Checkpoint
    reduction: float
    """Share of the encoder's weights that has gone."""
    damage: float
    """Divergence a token from the whole model before recovery, in nats."""
    n_steps: int
    """Number of steps of recovery."""


def search_sizes(checkpoint: Checkpoint, speech: Speech, remembers: Sequence[float] = ()) -> Search:
    """Begin the way down on which `shrink_encoder` finds sizes of a checkpoint, ascending or those it `remembers`."""
    return Search(checkpoint.tensors, checkpoint.dims, speech.measured, speech.listened, remembers=remembers)


def shrink_encoder(
    checkpoint: Checkpoint,
    search: Search,
    speech: Speech,
    reduction: float,
    recover_s: float,
    progress: Progress,
    checkpoints: Checkpoints | None = None,
) -> Smaller:
    """Take that share of the encoder's weights away, and train what is left for `recover_s` to do what it did.

    Raises:
        CalibrationError: the reduction is out of range.
    """
    if not 0 < reduction <= MOST_REDUCTION:
        raise CalibrationError(f"a reduction of {reduction}: expected a share from 0 to {MOST_REDUCTION}")
    size = search.at(reduction, progress)
    tensors, n_steps = size.tensors, 0
    if recover_s > 0:
        teacher = Network(to_torch(checkpoint.tensors), checkpoint.dims)
        names = [name for name in tensors if name.startswith(("enc.blocks.", "enc.final_norm."))]
        lesson = Lesson(speech, recover_s, _LEARNING_RATE * size.reduction**2)
        recovered = recover(teacher, Network(tensors, size.dims), names, {}, lesson, progress, checkpoints)
        tensors, n_steps = recovered.tensors, recovered.n_steps
    return Smaller(_checkpoint(checkpoint, tensors, size.dims), size.reduction, size.damage, n_steps)


def _checkpoint(whole: Checkpoint, tensors: Tensors, dims: WhisperDims) -> Checkpoint:
    arrays = {name: np.ascontiguousarray(tensors[name].numpy()) for name in tensor_shapes(dims)}
    return replace(whole, dims=dims, tensors=MappingProxyType(arrays))
