"""INT4 that keeps the words: what rounding leaves is trained to make up for it, rounding all the while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge.progress import Progress
from edge.quant import q4_0_rows
from edge.whisper.file.dims import WhisperDims

from ..checkpoint.types import Checkpoint
from ..quantize.gptq import moved_for_q4_0, q4_0_codes_of
from .checkpoints import Checkpoints
from .network import to_torch
from .recover import Lesson, Network, recover
from .speech import Speech

_LEARNING_RATE = 2e-5


def recover_q4_0(
    checkpoint: Checkpoint,
    dims: WhisperDims,
    tensors: Mapping[str, NDArray[Any]],
    moments: Mapping[str, NDArray[np.float32]],
    speech: Speech,
    seconds: float,
    progress: Progress,
    checkpoints: Checkpoints | None = None,
) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.uint8]]]:
    """Train a model whose weights named in `moments` become Q4_0, to say what `checkpoint` says.

    `tensors` are the student's, in float, `moments` those of the inputs of the weights to round, by the weights' names.
    Returns its tensors, and for those weights their Q4_0 rows.
    """
    student = to_torch(tensors)
    scales = {}
    for done, (name, matrix) in enumerate(moments.items()):
        progress("rounding", done, len(moments))
        step, moved = moved_for_q4_0(np.ascontiguousarray(tensors[name], np.float32), matrix)
        student[name], scales[name] = torch.from_numpy(moved), torch.from_numpy(step)
    teacher = Network(to_torch(checkpoint.tensors), checkpoint.dims)
    learns = [name for name in student if "norm" in name or name.endswith(".bias") or name in scales]
    lesson = Lesson(speech, seconds, _LEARNING_RATE)
    found = recover(teacher, Network(student, dims), learns, scales, lesson, progress, checkpoints)
    arrays = {name: tensor.numpy() for name, tensor in found.tensors.items()}
    rows = {}
    for name, scale in found.scales.items():
        half = scale.half().float().numpy()
        rows[name] = q4_0_rows(half, q4_0_codes_of(arrays[name], half))
    return arrays, rows
