"""edgewise itself, through its public API alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BenchmarkError
from .base import Engine, EngineKind, Samples, Settings

if TYPE_CHECKING:
    import edge


class _Edgewise:
    def __init__(self, model: edge.Model, timestamps: bool) -> None:
        self._model = model
        self._timestamps = timestamps

    def transcribe(self, samples: Samples, language: str | None) -> str:
        return str(self._model.transcribe(samples, language=language, timestamps=self._timestamps).text)


def _weights(model: str, precision: str, scratch: Path) -> Path:
    from edge.store import model_path

    return model_path(model, precision)


def _load(weights: Path, settings: Settings) -> Engine:
    import edge

    if settings.beam != 1:
        raise BenchmarkError("edgewise decodes greedily; leave it out of --engines or use --beam 1")
    return _Edgewise(edge.load(str(weights), threads=settings.threads), settings.timestamps)


KIND = EngineKind(
    name="edgewise",
    packages=("edgewise", "numpy"),
    precisions=("int8", "int4", "q8_0", "f16", "f32"),
    weights=_weights,
    load=_load,
)
