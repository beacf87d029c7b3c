"""A Whisper model with its parts, for benchmarks that look inside."""

from __future__ import annotations

from pathlib import Path

import edge

from .errors import BenchmarkError


def load_whisper(model: str | Path, precision: str | None, threads: int) -> edge.Model:
    """Load a model as `edge.load` does, and refuse one of another family."""
    loaded = edge.load(model, precision=precision, threads=threads)
    if not isinstance(loaded, edge.Model):
        raise BenchmarkError(f"{model}: expected a Whisper model, whose parts are measured here")
    return loaded
