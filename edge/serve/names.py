"""Names by which programs ask for the model."""

from __future__ import annotations

from ..recognizer import Recognizer

USUAL_MODELS = (
    "whisper-1",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-live-transcribe",
    "gpt-realtime-whisper",
)
"""Names that programs ask for by habit; they stand for the model that is loaded."""


def names_of(model: Recognizer) -> tuple[str, ...]:
    """List the names that stand for a model, its own first."""
    return tuple(dict.fromkeys((model.name, *USUAL_MODELS)))
