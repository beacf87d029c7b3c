"""faster-whisper: CTranslate2, on the very folder that our own export starts from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .base import Answer, EngineKind, EngineSettings, Samples, TimedWord, Transcriber, join_segments

if TYPE_CHECKING:
    import faster_whisper

_COMPUTE_TYPES = {"int8": "int8", "f32": "float32"}


class _FasterWhisper:
    def __init__(
        self, model: faster_whisper.WhisperModel | faster_whisper.BatchedInferencePipeline, settings: EngineSettings
    ) -> None:
        self._model = model
        self._settings = settings
        batch = settings.options.get("batch")
        self._batched = {"batch_size": int(batch)} if batch else {}

    def transcribe(self, samples: Samples, language: str | None) -> Answer:
        segments, _ = self._model.transcribe(
            samples,
            language=language,
            beam_size=self._settings.beams,
            best_of=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=not self._settings.timestamps,
            vad_filter=self._settings.options.get("vad") == "on" or bool(self._batched),
            word_timestamps=self._settings.words,
            **self._batched,
        )
        found = list(segments)  # decoding happens in this iteration
        words = tuple(TimedWord(word.word, word.start, word.end) for segment in found for word in segment.words or ())
        return Answer(join_segments([segment.text for segment in found]), words=words)


def _weights(model: str, precision: str, scratch: Path) -> Path:
    from edge.store import ensure

    return ensure(model)


def _load(weights: Path, settings: EngineSettings) -> Transcriber:
    import faster_whisper

    model = faster_whisper.WhisperModel(
        str(weights),
        device="cpu",
        compute_type=_COMPUTE_TYPES[settings.precision],
        cpu_threads=settings.threads,
        local_files_only=True,
    )
    is_batched = "batch" in settings.options
    return _FasterWhisper(faster_whisper.BatchedInferencePipeline(model) if is_batched else model, settings)


KIND = EngineKind(
    name="faster-whisper",
    packages=("faster-whisper", "ctranslate2"),
    precisions=tuple(_COMPUTE_TYPES),
    weights=_weights,
    load=_load,
    options={"beam": (), "vad": ("off", "on"), "batch": ()},
    times_words=True,
)
