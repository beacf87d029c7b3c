"""Where INT4 hurts: each linear rounded by itself, and how far the words' probabilities move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from edge.progress import Progress
from edge.quant import dequantize_q4_0

from ..checkpoint import Checkpoint
from ..rounding import round_q4_0
from .damage import damage, watch
from .network import to_torch
from .speech import Speech

_CLIPS = 4
"""Batches that are listened to: the order is clear long before the numbers are."""


def int4_damage(
    checkpoint: Checkpoint,
    groups: Sequence[tuple[str, ...]],
    moments: Mapping[str, NDArray[np.float32]],
    speech: Speech,
    progress: Progress,
) -> list[float]:
    """Divergence a token, in nats, that each group of weights alone brings at INT4; `moments` by the weights' names."""
    tensors = to_torch(checkpoint.tensors)
    watched = watch(tensors, checkpoint.dims, speech.measured[:_CLIPS])
    stems = [item.stem for item in watched]
    found = []
    for done, group in enumerate(groups):
        progress("measuring where INT4 hurts", done, len(groups))
        rounded = {
            name: torch.from_numpy(dequantize_q4_0(round_q4_0(tensors[name].numpy(), moments[name]))) for name in group
        }
        found.append(damage({**tensors, **rounded}, checkpoint.dims, watched, stems, 0))
    return found
