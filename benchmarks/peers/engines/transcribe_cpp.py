"""transcribe.cpp, on the GGUF that our exporter writes in its layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...errors import BenchmarkError
from .base import Answer, EngineKind, EngineSettings, Samples, Transcriber

if TYPE_CHECKING:
    import transcribe_cpp


class _TranscribeCpp:
    def __init__(self, session: transcribe_cpp.Session, settings: EngineSettings) -> None:
        import transcribe_cpp

        self._session = session
        self._timestamps: Literal["segment", "none"] = "segment" if settings.timestamps else "none"
        self._options = transcribe_cpp.WhisperRunOptions(
            temperature=0.0, temperature_inc=0.0, condition_on_prev_tokens=False
        )

    def transcribe(self, samples: Samples, language: str | None) -> Answer:
        result = self._session.run(samples.data, language=language, timestamps=self._timestamps, family=self._options)
        return Answer(str(result.text).strip())


def _weights(model: str, precision: str, scratch: Path) -> Path:
    from edge.prepare import prepare_model

    return prepare_model(model, precision)


def _load(weights: Path, settings: EngineSettings) -> Transcriber:
    import transcribe_cpp

    if settings.beam != 1:
        raise BenchmarkError("transcribe-cpp decodes greedily; leave it out of --engines or use --beam 1")
    model = transcribe_cpp.Model(str(weights), backend="cpu")
    return _TranscribeCpp(model.session(n_threads=settings.threads), settings)


KIND = EngineKind(
    name="transcribe-cpp",
    packages=("transcribe-cpp", "transcribe-cpp-native"),
    precisions=("q8_0", "f16", "f32"),
    weights=_weights,
    load=_load,
)
