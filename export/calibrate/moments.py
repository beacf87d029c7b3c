"""Moments of what goes into each linear: what rounding and compression need to know of the audio.

Streaming: a recording adds its rows and is forgotten, so that memory depends on the model alone. A file holds each
matrix as its diagonal (float32) and the correlations above it (float16), and per channel the mean and the largest
magnitude (float32). Of outputs nothing is kept: they are a linear map of the inputs, so their moments follow
(`output_moments`), and the matrix of a feed-forward layer's first linear alone would be 16 times that of its inputs.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.arrays import FloatArray
from edge.errors import FormatError
from edge.files import replacing_file


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of the rows x that each input had, by the input's name (`export.calibrate.forward.input_of`)."""

    matrices: Mapping[str, FloatArray]
    """Means of x x^T: (k, k), symmetric."""
    means: Mapping[str, FloatArray]
    """Means of x: (k,)."""
    largest: Mapping[str, FloatArray]
    """Largest magnitude of each channel: (k,)."""
    n_rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Moments, and the recordings that they come from."""

    moments: Moments
    recordings: tuple[str, ...]
    """SHA-256 of each recording's file: who measures the model must use others."""


@dataclass(slots=True)
class MomentSum:
    """Sums from which moments are made; an observer for `Forward`."""

    _products: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    _sums: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    _largest: dict[str, FloatArray] = field(default_factory=dict)
    _n_rows: dict[str, int] = field(default_factory=dict)

    def __call__(self, name: str, x: FloatArray) -> None:
        """Add rows (m, k)."""
        k = x.shape[1]
        if name not in self._products:
            self._products[name], self._sums[name] = np.zeros((k, k)), np.zeros(k)
            self._largest[name], self._n_rows[name] = np.zeros(k, np.float32), 0
        self._products[name] += x.T @ x
        self._sums[name] += x.sum(axis=0, dtype=np.float64)
        self._largest[name] = np.maximum(self._largest[name], np.abs(x).max(axis=0, initial=0))
        self._n_rows[name] += len(x)

    def mean(self) -> Moments:
        """Give the moments of all rows so far, as exact as a file holds them, so that both give the same model."""
        matrices = self._over_rows(self._products)
        return Moments(
            {name: _matrix(*_packed(matrix)) for name, matrix in matrices.items()},
            self._over_rows(self._sums),
            dict(self._largest),
            dict(self._n_rows),
        )

    def _over_rows(self, totals: Mapping[str, NDArray[np.float64]]) -> dict[str, FloatArray]:
        return {name: (total / self._n_rows[name]).astype(np.float32) for name, total in totals.items()}


def combine(parts: Sequence[Moments]) -> Moments:
    """Put moments of several runs together, each counting as much as it has rows."""
    n_rows = {name: sum(part.n_rows[name] for part in parts) for name in parts[0].n_rows}

    def mean(of: Callable[[Moments], Mapping[str, FloatArray]]) -> dict[str, FloatArray]:
        shares = {name: [part.n_rows[name] / n for part in parts] for name, n in n_rows.items()}
        return {
            name: np.einsum("p,p...->...", np.array(share, np.float32), np.stack([of(part)[name] for part in parts]))
            for name, share in shares.items()
        }

    return Moments(
        mean(lambda part: part.matrices),
        mean(lambda part: part.means),
        {name: np.maximum.reduce([part.largest[name] for part in parts]) for name in n_rows},
        n_rows,
    )


def output_moments(
    weight: NDArray[Any], bias: NDArray[Any] | None, second: NDArray[Any], mean: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the means of y y^T (n, n) and y (n,) for y = W x + b: W is (n, k), b (n,), x has moments (k, k) and (k,).

    E[y y^T] = W E[x x^T] W^T + W m b^T + b m^T W^T + b b^T, exact for any distribution of x with mean m.
    """
    wide = np.asarray(weight, np.float64)
    shift = np.zeros(len(wide)) if bias is None else np.asarray(bias, np.float64)
    center = wide @ mean
    crossed = np.outer(center, shift)
    return wide @ second @ wide.T + crossed + crossed.T + np.outer(shift, shift), center + shift


def save_moments(path: Path, moments: Moments) -> None:
    """Write a file that appears when it is whole."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, matrix in moments.matrices.items():
        arrays[f"{name}:diagonal"], arrays[f"{name}:above"] = _packed(matrix)
        arrays[f"{name}:mean"], arrays[f"{name}:largest"] = moments.means[name], moments.largest[name]
        arrays[f"{name}:n_rows"] = np.array(moments.n_rows[name])
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing_file(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_moments(path: Path) -> Moments:
    """Read what `save_moments` wrote.

    Raises:
        FormatError: it is something else, or damaged.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            names = [key.removesuffix(":diagonal") for key in file.files if key.endswith(":diagonal")]
            matrices = {name: _matrix(file[f"{name}:diagonal"], file[f"{name}:above"]) for name in names}
            return Moments(
                matrices,
                {name: _vector(file[f"{name}:mean"], len(matrices[name])) for name in names},
                {name: _vector(file[f"{name}:largest"], len(matrices[name])) for name in names},
                {name: int(file[f"{name}:n_rows"]) for name in names},
            )
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        message = f"{path}: expected moments of a calibration ({error}); delete it, and they are gathered anew"
        raise FormatError(message) from error


def _packed(matrix: FloatArray) -> tuple[FloatArray, NDArray[np.float16]]:
    """Split moments into the diagonal and the correlations above it."""
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


def _vector(found: NDArray[Any], k: int) -> FloatArray:
    if found.shape != (k,) or found.dtype != np.float32 or not np.isfinite(found).all():
        raise ValueError(f"{found.shape} of {found.dtype} where {k} finite float32 belong")
    return found


def _scale(diagonal: FloatArray) -> FloatArray:
    """Take root mean squares, 1 for inputs that are always zero."""
    scale: FloatArray = np.sqrt(np.where(diagonal > 0, diagonal, 1)).astype(np.float32)
    return scale
