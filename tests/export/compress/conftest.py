"""A small random model, and clips of noise that stand for speech."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from export.checkpoint.types import Checkpoint

pytest.importorskip("torch", reason="compression is written in torch (pip install '.[export]')")


@pytest.fixture(scope="session")
def checkpoint(make_checkpoint: Callable[..., Checkpoint]) -> Checkpoint:
    """In tiny.en's structure: two layers of one head."""
    return make_checkpoint("tiny.en", "float32")


@pytest.fixture(scope="session")
def speech(checkpoint: Checkpoint):  # type: ignore[no-untyped-def]
    """Clips with transcripts, as if they had been heard."""
    from export.compress.speech import Clip, Speech

    rng = np.random.default_rng(3)
    clips: list[Clip] = []
    for _ in range(24):
        n_positions = int(rng.integers(6, checkpoint.dims.n_audio_ctx))
        raw = rng.standard_normal((2 * n_positions, checkpoint.dims.n_mels)).astype(np.float16)
        clips.append(Clip(raw, n_positions, rng.integers(0, 50000, 9).astype(np.int32), 3, len(clips)))
    return Speech(clips, checkpoint.dims.n_audio_ctx)
