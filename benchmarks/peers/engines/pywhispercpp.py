"""whisper.cpp through pywhispercpp, on the `.bin` that our exporter writes from the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .base import Answer, EngineKind, EngineSettings, Samples, Transcriber, join_segments

if TYPE_CHECKING:
    from pywhispercpp.model import Model


class _WhisperCpp:
    def __init__(self, model: Model) -> None:
        self._model = model

    def transcribe(self, samples: Samples, language: str | None) -> Answer:
        segments = self._model.transcribe(samples, language=language or "auto")
        return Answer(join_segments([segment.text for segment in segments]))


def _weights(model: str, precision: str, scratch: Path) -> Path:
    from edge.store import ensure
    from export.whisper import export_whisper

    path = scratch / f"{model}-{precision}.bin"
    if not path.exists():
        export_whisper(ensure(model), path, precision=precision, to="whispercpp")
    return path


def _load(weights: Path, settings: EngineSettings) -> Transcriber:
    from pywhispercpp.model import Model

    search: dict[str, Any] = {"greedy": {"best_of": 1}}
    if settings.beams > 1:
        search = {"beam_search": {"beam_size": settings.beams, "patience": -1.0}}
    model = Model(
        str(weights),
        params_sampling_strategy=0 if settings.beams == 1 else 1,
        redirect_whispercpp_logs_to=None,
        n_threads=settings.threads,
        no_timestamps=not settings.timestamps,
        no_context=True,
        temperature=0.0,
        temperature_inc=0.0,
        print_progress=False,
        print_timestamps=False,
        **search,
    )
    return _WhisperCpp(model)


KIND = EngineKind(
    name="pywhispercpp",
    packages=("pywhispercpp",),
    precisions=("q8_0", "f16"),
    weights=_weights,
    load=_load,
    options={"beam": ()},
)
