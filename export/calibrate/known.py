"""What published checkpoints see at work, as it comes with edgewise: so that INT4 by name is calibrated.

For each input of a linear a file holds its channels' root mean squares (float16) and a few directions (int8) in which
they vary together; what these leave of a channel's power is taken to be its own. Beside them stand the groups of
weights, where INT4 hurts most first, and the SHA-256 of each recording that was listened to.
`python -m benchmarks calibration` makes the files.
"""

from __future__ import annotations

import io
import lzma
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.arrays import FloatArray
from edge.errors import FormatError
from edge.files import replacing_file

from .moments import Calibration, Moments

_FOLDER = Path(__file__).parent / "data"

_LARGEST = 127
"""Largest code of a direction: with 31 the gain of 64 directions would be 0.87 of that of all, instead of 0.91."""

_POWER = 0.5
"""Power of the root mean squares by which channels are divided before directions are found, as equalization does."""

_TURNS = 3
"""Number of times that directions are found beside what channels have by themselves."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a checkpoint without listening."""

    calibration: Calibration
    costliest: tuple[tuple[str, ...], ...]
    """Groups of weights that are rounded alike, where INT4 hurts most for its bytes first."""


def known_calibration(source_sha256: str, folder: Path = _FOLDER) -> Known | None:
    """Find what comes with edgewise for the checkpoint with this hash; None where it is another one.

    Raises:
        FormatError: the file is damaged.
    """
    path = folder / f"{source_sha256[:16]}.npz.xz"
    return load_known(path) if path.is_file() else None


def save_known(folder: Path, source_sha256: str, known: Known, rank: int) -> Path:
    """Write a checkpoint's file, with `rank` directions for each input; gives its path."""
    arrays: dict[str, NDArray[np.generic]] = {
        "recordings": np.array(known.calibration.recordings),
        "costliest": np.array([" ".join(group) for group in known.costliest]),
    }
    for name, matrix in known.calibration.moments.matrices.items():
        arrays[f"{name}:rms"] = np.sqrt(np.diagonal(matrix)).astype(np.float16)
        arrays[f"{name}:directions"], arrays[f"{name}:steps"] = directions_of(matrix, rank)
    raw = io.BytesIO()
    np.savez(raw, allow_pickle=False, **arrays)
    path = folder / f"{source_sha256[:16]}.npz.xz"
    folder.mkdir(parents=True, exist_ok=True)
    with replacing_file(path) as file:
        file.write(lzma.compress(raw.getvalue(), preset=9 | lzma.PRESET_EXTREME))
    return path


def load_known(path: Path) -> Known:
    """Read what `save_known` wrote; of the inputs' means and largest magnitudes nothing is known.

    Raises:
        FormatError: it is something else, or damaged.
    """
    try:
        with np.load(io.BytesIO(lzma.decompress(path.read_bytes())), allow_pickle=False) as file:
            names = [key.removesuffix(":rms") for key in file.files if key.endswith(":rms")]
            matrices = {
                name: matrix_of(file[f"{name}:rms"], file[f"{name}:directions"], file[f"{name}:steps"])
                for name in names
            }
            return Known(
                Calibration(Moments(matrices, {}, {}, {}), tuple(map(str, file["recordings"]))),
                tuple(tuple(str(group).split()) for group in file["costliest"]),
            )
    except (ValueError, KeyError, EOFError, lzma.LZMAError, OSError) as error:
        raise FormatError(f"{path}: expected what is known of a checkpoint ({error}); install edgewise anew") from error


def directions_of(matrix: FloatArray, rank: int) -> tuple[NDArray[np.int8], FloatArray]:
    """Find the directions (rank, k) that say most of how channels vary together, and the steps (rank,) they count in.

    Each turn finds them beside what the last one left to the channels by themselves (principal factors).
    """
    k = len(matrix)
    even = _even(np.diagonal(matrix))
    shared = matrix / (even[:, None] * even)
    power = np.diagonal(shared).copy()
    alone = np.zeros(k, np.float32)
    found = np.zeros((0, k), np.float32)
    for _ in range(_TURNS if rank else 0):
        shared[np.diag_indices(k)] = power - alone
        values, vectors = np.linalg.eigh(shared)
        found = (vectors[:, -rank:] * np.sqrt(np.maximum(values[-rank:], 0))).T
        alone = np.maximum(power - np.square(found).sum(axis=0), 0)
    found = found * even
    steps = (np.abs(found).max(axis=1, initial=0) / _LARGEST).astype(np.float32)
    codes = np.divide(found, steps[:, None], out=np.zeros_like(found), where=steps[:, None] > 0)
    return np.rint(codes).astype(np.int8), steps


def matrix_of(rms: NDArray[np.float16], directions: NDArray[np.int8], steps: FloatArray) -> FloatArray:
    """Put moments (k, k) together; their diagonal is at the least what the directions say.

    Raises:
        ValueError: the parts do not belong together.
    """
    wanted = (len(steps), len(rms))
    if rms.ndim != 1 or directions.shape != wanted or directions.dtype != np.int8 or not np.isfinite(steps).all():
        raise ValueError(f"directions {directions.shape} where {wanted} belong")
    if not (np.isfinite(rms) & (rms >= 0)).all():
        raise ValueError("root mean squares that are no numbers from 0 on")
    found = directions.astype(np.float32) * steps[:, None]
    matrix: FloatArray = found.T @ found
    diagonal = np.diag_indices(len(rms))
    matrix[diagonal] = np.maximum(matrix[diagonal], np.square(rms.astype(np.float32)))
    return matrix


def _even(power: FloatArray) -> FloatArray:
    """Compute what channels are divided by, 1 for those that are always zero."""
    even: FloatArray = np.where(power > 0, power, 1) ** np.float32(_POWER / 2)
    return even
