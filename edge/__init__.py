"""edgewise: on-device speech recognition on quantized models, on your own CPU.

>>> import edge
>>> model = edge.load("tiny.en", precision="int8", threads=2)
>>> model.transcribe("clip.flac").text
"""

from __future__ import annotations

TYPE_CHECKING = False
"""Name that type checkers know; `typing` takes 5 ms to import, in which Ctrl-C is not quiet yet."""

if TYPE_CHECKING:
    from typing import Any

    from .audio.microphone import Captured as Captured
    from .audio.microphone import Microphone as Microphone
    from .audio.microphone import Notice as Notice
    from .audio.source import open_audio as open_audio
    from .errors import EdgeError as EdgeError
    from .gaps import Gap as Gap
    from .llm.model import LanguageModel as LanguageModel
    from .loading import load as load
    from .options import TranscribeOptions as TranscribeOptions
    from .recognizer import Recognizer as Recognizer
    from .session import Session as Session
    from .transcript.events import End as End
    from .transcript.events import Event as Event
    from .transcript.events import Final as Final
    from .transcript.events import Partial as Partial
    from .transcript.events import Silence as Silence
    from .transcript.events import Speech as Speech
    from .transcript.events import Stable as Stable
    from .transcript.transcript import Transcript as Transcript
    from .transcript.types import Segment as Segment
    from .transcript.types import Word as Word
    from .version import __version__ as __version__
    from .whisper.model import Model as Model

_HOME_OF = {
    "Captured": "audio.microphone",
    "EdgeError": "errors",
    "End": "transcript.events",
    "Event": "transcript.events",
    "Final": "transcript.events",
    "Gap": "gaps",
    "LanguageModel": "llm.model",
    "Microphone": "audio.microphone",
    "Model": "whisper.model",
    "Notice": "audio.microphone",
    "Partial": "transcript.events",
    "Recognizer": "recognizer",
    "Segment": "transcript.types",
    "Session": "session",
    "Silence": "transcript.events",
    "Speech": "transcript.events",
    "Stable": "transcript.events",
    "Transcript": "transcript.transcript",
    "TranscribeOptions": "options",
    "Word": "transcript.types",
    "__version__": "version",
    "load": "loading",
    "open_audio": "audio.source",
}
__all__ = [*_HOME_OF]


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `import edge` costs next to nothing (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'edge' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value
