"""The engines that can be compared, by the names that `--engines` takes; a new one is a module like these."""

from __future__ import annotations

from . import edgewise, edgewise_onnx, faster_whisper, pywhispercpp, transcribe_cpp
from .base import Answer as Answer
from .base import EngineKind as EngineKind
from .base import EngineSettings as EngineSettings
from .base import Samples as Samples
from .base import TimedWord as TimedWord
from .base import Transcriber as Transcriber

ENGINES: dict[str, EngineKind] = {
    kind.name: kind
    for kind in (edgewise.KIND, edgewise_onnx.KIND, faster_whisper.KIND, transcribe_cpp.KIND, pywhispercpp.KIND)
}

__all__ = ["ENGINES", "Answer", "EngineKind", "EngineSettings", "Samples", "TimedWord", "Transcriber"]
