"""All tensors of a checkpoint in the types of a file, rounded as well as what is known of its inputs allows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.gguf.types import TensorType
from edge.progress import Progress, silent
from edge.whisper.file.roles import POLICY, Precision, Role, role_of

from ..calibrate.forward import input_of
from ..calibrate.moments import Calibration
from ..checkpoint.types import Checkpoint
from ..tools.spool import Keep, in_memory
from .embedding import quantize_embedding
from .equalize import equalize
from .policy import Quantized, quantize_tensor, stored_q4_0

Tensors: TypeAlias = Mapping[str, NDArray[Any]]
Matrices: TypeAlias = Mapping[str, NDArray[np.float32]]
Rows: TypeAlias = Mapping[str, NDArray[np.uint8]]

Recover: TypeAlias = Callable[[Tensors, Matrices], tuple[Tensors, Rows]]
"""Function that trains tensors, some of which will be INT4, whose inputs' moments are given by their names: all tensors
afterwards, and the INT4 ones as Q4_0 rows (export.compress.rounding)."""

_NONE: Rows = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Equalized:
    """Checkpoint whose activations are equalized, as it is rounded."""

    tensors: Tensors
    moments: Matrices
    """Moments of what a linear reads, (k, k), by the name of its weights."""


def equalized(checkpoint: Checkpoint, calibration: Calibration) -> Equalized:
    """Make the activations of a checkpoint's encoder alike; gives its tensors and the moments of those activations."""
    tensors, seen = equalize(checkpoint.dims, checkpoint.tensors, calibration.moments.matrices)
    inputs = {name: input_of(name, checkpoint.tensors) for name in tensors}
    return Equalized(tensors, {name: seen[key] for name, key in inputs.items() if key is not None and key in seen})


def quantize_checkpoint(
    checkpoint: Checkpoint,
    precision: Precision,
    *,
    calibration: Calibration | None = None,
    raised: Collection[str] = (),
    rounded: Rows = _NONE,
    recover: Recover | None = None,
    keep: Keep = in_memory,
    progress: Progress = silent,
) -> dict[str, Quantized]:
    """Round every tensor to what the file will hold.

    `raised` names tensors that stay INT8 in an INT4 model; `rounded` are others of it, as Q4_0 rows, that were rounded
    already with this calibration. With `recover` (and a calibration) the model is trained to live with INT4. `keep` can
    put away what is rounded, so that no more than one tensor need be in memory.
    """
    types = {name: _type(name, precision, raised) for name in checkpoint.tensors}
    known = Equalized(checkpoint.tensors, {}) if calibration is None else equalized(checkpoint, calibration)
    tensors, rows = known.tensors, rounded
    if recover is not None:
        int4 = {name: matrix for name, matrix in known.moments.items() if types[name] is TensorType.Q4_0}
        tensors, rows = recover(tensors, int4)
    quantized: dict[str, Quantized] = {}
    for done, name in enumerate(checkpoint.tensors):
        progress("quantizing", done, len(types))
        if types[name] is TensorType.I8 and role_of(name) is Role.EMBEDDING:
            n_special_from = checkpoint.vocabulary.n_special_from
            found = quantize_embedding(tensors[name], precision, n_special_from, known.moments.get(name))
        elif types[name] is TensorType.Q4_0 and name in rows:
            found = stored_q4_0(name, tensors[name], rows[name])
        else:
            found = quantize_tensor(name, tensors[name], types[name], known.moments.get(name))
        quantized[name] = replace(found, parts=tuple(map(keep, found.parts)))
    progress("quantizing", len(types), len(types))
    return quantized


def _type(name: str, precision: Precision, raised: Collection[str]) -> TensorType:
    if precision == "int4" and name in raised:
        return TensorType.I8
    return POLICY[precision][role_of(name)]


def groups_of(names: Collection[str]) -> Iterator[tuple[str, ...]]:
    """Group the linears' weights that the engine multiplies with at once: each group must have one type."""
    done: set[str] = set()
    for name in names:
        if role_of(name) is not Role.LINEAR or name in done:
            continue
        stem, _, last = name.removesuffix(".weight").rpartition(".")
        together = "kv" if stem.endswith("cross_attn") and last in "kv" else "qkv" if last in "qkv" else ""
        group: tuple[str, ...] = (name,)
        if together and not (stem.endswith("cross_attn") and last == "q"):
            group = tuple(f"{stem}.{part}.weight" for part in together)
        done.update(group)
        yield group
