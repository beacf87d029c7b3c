"""What a model sees at work: gathered once from recordings, and minded by rounding and compression."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from edge.progress import Progress

from ..checkpoint.types import Checkpoint
from .moments import Calibration, load_moments, save_moments
from .recordings import Recording

_REVISION = 4
"""Revision of what is gathered and how: older files are not used."""


def calibrate(
    checkpoint: Checkpoint,
    recordings: Sequence[Recording],
    keep_in: Path | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Gather the moments of a checkpoint's inputs from recordings of speech.

    What was gathered is kept in the folder `keep_in`, and used by later exports of the checkpoint with the same
    recordings.

    Raises:
        CalibrationError: nothing in them is long enough.
        AudioError: a recording cannot be read.
        FormatError: what was kept is damaged.
    """
    hashes = tuple(recording.sha256 for recording in recordings)
    kept = None
    if keep_in is not None:
        key = hashlib.sha256("\n".join((str(_REVISION), checkpoint.source_sha256, *hashes)).encode()).hexdigest()
        kept = keep_in / f"{checkpoint.name}-{key[:16]}.npz"
        if kept.is_file():
            return Calibration(load_moments(kept), hashes)
    from .gather import gather_moments

    moments = gather_moments(checkpoint, recordings, progress)
    if kept is not None:
        save_moments(kept, moments)
    return Calibration(moments, hashes)
