"""Where INT4 hurts: each linear rounded by itself, and how far the words' probabilities move."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from edge.progress import Progress
from edge.quant import dequantize_q4_0
from edge.whisper.file.dims import WhisperDims

from ..quantize.gptq import round_q4_0
from ..quantize.model import Equalized
from .damage import damage, watch
from .network import to_torch
from .speech import Batch

_BATCHES = 4
"""Number of batches that are listened to: the order is clear long before the numbers are."""


@dataclass(frozen=True, slots=True)
class AtInt4:
    """Group of weights of one type, rounded to INT4 while all others are whole."""

    rows: Mapping[str, NDArray[np.uint8]]
    """Q4_0 rows of the weights, by the tensors' names."""
    n_weights: int
    damage: float
    """Divergence a token, in nats."""


def measure_int4(
    dims: WhisperDims,
    whole: Equalized,
    groups: Iterable[tuple[str, ...]],
    batches: Sequence[Batch],
    progress: Progress,
) -> list[AtInt4]:
    """Round each group of linears' weights to INT4, and measure what that alone does to the first batches' words."""
    tensors = to_torch(whole.tensors)
    watched = watch(tensors, dims, batches[:_BATCHES])
    stems = [item.stem for item in watched]
    found = []
    names = list(groups)
    for done, group in enumerate(names):
        progress("measuring where INT4 hurts", done, len(names))
        rows = {name: round_q4_0(tensors[name].numpy(), whole.moments[name]) for name in group}
        rounded = {name: torch.from_numpy(dequantize_q4_0(blocks)) for name, blocks in rows.items()}
        lost = damage({**tensors, **rounded}, dims, watched, stems, 0)
        found.append(AtInt4(rows, sum(tensors[name].numel() for name in group), lost))
    return found
