"""Second moments of what goes into each linear: what rounding and compression need to know of the audio.

Streaming: a recording adds its rows and is forgotten, so that memory depends on the model alone. A file holds each
matrix as its diagonal (float32) and the correlations above it (float16).
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.errors import FormatError

FloatArray: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean of x x^T over the rows that each input had."""

    matrices: Mapping[str, FloatArray]
    """By the input's name (`export.calibrate.forward.input_of`): (k, k), symmetric."""
    n_rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Moments, and where they come from."""

    moments: Moments
    recordings: tuple[str, ...]
    """SHA-256 of each recording's file: who measures the model must use others."""


@dataclass(slots=True)
class MomentSum:
    """Moments in the making; an observer for `Forward`."""

    _sums: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    _n_rows: dict[str, int] = field(default_factory=dict)

    def __call__(self, name: str, x: FloatArray) -> None:
        """Add rows (m, k)."""
        product = x.T @ x
        if name not in self._sums:
            self._sums[name], self._n_rows[name] = np.zeros(product.shape), 0
        self._sums[name] += product
        self._n_rows[name] += len(x)

    def mean(self) -> Moments:
        """The moments of all rows so far, as exact as a file holds them, so that both give the same model."""
        means = {name: (total / self._n_rows[name]).astype(np.float32) for name, total in self._sums.items()}
        return Moments({name: _matrix(*_packed(mean)) for name, mean in means.items()}, dict(self._n_rows))


def save_moments(path: Path, moments: Moments) -> None:
    """Write a file that appears when it is whole."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, matrix in moments.matrices.items():
        arrays[f"{name}:diagonal"], arrays[f"{name}:above"] = _packed(matrix)
        arrays[f"{name}:n_rows"] = np.array(moments.n_rows[name])
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with made.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def load_moments(path: Path) -> Moments:
    """Read what `save_moments` wrote.

    Raises:
        FormatError: it is something else, or damaged.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            names = [key.removesuffix(":diagonal") for key in file.files if key.endswith(":diagonal")]
            matrices = {name: _matrix(file[f"{name}:diagonal"], file[f"{name}:above"]) for name in names}
            return Moments(matrices, {name: int(file[f"{name}:n_rows"]) for name in names})
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        message = f"{path}: expected moments of a calibration ({error}); delete it, and they are gathered anew"
        raise FormatError(message) from error


def _packed(matrix: FloatArray) -> tuple[FloatArray, NDArray[np.float16]]:
    """The diagonal, and the correlations above it."""
    scale = _scale(np.diagonal(matrix))
    above = np.triu_indices(len(matrix), 1)
    correlations = matrix[above] / (scale[above[0]] * scale[above[1]])
    return np.diagonal(matrix).astype(np.float32), correlations.astype(np.float16)


def _matrix(diagonal: FloatArray, above: NDArray[np.float16]) -> FloatArray:
    k = len(diagonal)
    if diagonal.ndim != 1 or above.shape != (k * (k - 1) // 2,) or not (np.isfinite(diagonal) & (diagonal >= 0)).all():
        raise ValueError(f"a diagonal of {k} with {above.shape} above it")
    scale = _scale(diagonal)
    matrix = np.zeros((k, k), np.float32)
    matrix[np.triu_indices(k, 1)] = above
    matrix += matrix.T
    matrix *= scale[:, None] * scale
    matrix[np.diag_indices(k)] = diagonal
    return matrix


def _scale(diagonal: FloatArray) -> FloatArray:
    """Root mean squares, 1 for inputs that are always zero."""
    scale: FloatArray = np.sqrt(np.where(diagonal > 0, diagonal, 1)).astype(np.float32)
    return scale
