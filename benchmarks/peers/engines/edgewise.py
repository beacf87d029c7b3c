"""edgewise itself, through its public API alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.bench.parts import Parts

from ...errors import BenchmarkError
from .base import Answer, EngineKind, EngineSettings, Samples, TimedWord, Transcriber

if TYPE_CHECKING:
    import edge
    from edge.options import TranscribeOptions, Vad


class Edgewise:
    """A model of ours, on whichever engine it was loaded."""

    def __init__(self, model: edge.Recognizer, options: TranscribeOptions) -> None:
        self._model = model
        self._options = options

    def transcribe(self, samples: Samples, language: str | None) -> Answer:
        """Transcribe one recording; the answer says what each part took."""
        transcript = self._model.transcribe(samples, options=dataclasses.replace(self._options, language=language))
        timing = transcript.timing
        parts = Parts(
            features_s=timing.features_s,
            encode_s=timing.encode_s,
            decode_s=timing.decode_s,
            n_windows=timing.n_windows,
            n_tokens=timing.n_tokens,
            n_second_looks=timing.n_second_looks,
        )
        words = tuple(
            TimedWord(word.text, word.start, word.end) for segment in transcript.segments for word in segment.words
        )
        return Answer(transcript.text, parts, words)


def _weights(model: str, precision: str, scratch: Path) -> Path:
    if not model.endswith(".gguf"):
        from edge.prepare import prepare_model

        return prepare_model(model, precision)
    from edge.whisper.file.model import open_model

    with open_model(model) as file:
        if file.precision != precision:
            raise BenchmarkError(
                f"{model} is at {file.precision}, not at {precision}: --engines edgewise:{file.precision}"
            )
    return Path(model)


def _load(weights: Path, settings: EngineSettings) -> Transcriber:
    import edge

    return Edgewise(edge.load(weights, threads=settings.threads), transcribe_options(settings))


def transcribe_options(settings: EngineSettings) -> TranscribeOptions:
    """Translate the settings to the public API's."""
    from edge.options import TranscribeOptions

    chosen: dict[str, Any] = {name: settings.options[name] for name in ("context",) if name in settings.options}
    if settings.options.get("fallback", "off") == "off":
        chosen["temperature"] = 0.0
    return TranscribeOptions(
        timestamps=settings.timestamps,
        beam_size=settings.beams,
        word_timestamps=settings.words,
        vad=_VAD[settings.options.get("vad", "auto")],
        parallel=settings.options.get("parallel") == "on",
        **chosen,
    )


_VAD: dict[str, Vad] = {"auto": "auto", "on": True, "off": False}
_VARIABLES = {"cpu": "EDGE_CPU"}

KIND = EngineKind(
    name="edgewise",
    packages=("edgewise", "numpy"),
    precisions=("int8", "int4", "q8_0", "f16", "f32"),
    weights=_weights,
    load=_load,
    options={
        "context": ("tail", "full"),
        "beam": (),
        "fallback": ("off", "on"),
        "vad": tuple(_VAD),
        "parallel": ("off", "on"),
        "cpu": (),
    },
    variables=_VARIABLES,
    times_words=True,
)
