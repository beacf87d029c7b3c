"""edgewise: on-device speech recognition on quantized models, on your own CPU.

>>> import edge
>>> model = edge.load("tiny.en", precision="int8", threads=2)
>>> model.transcribe("clip.flac").text
"""

from __future__ import annotations

TYPE_CHECKING = False
"""As type checkers know it; `typing` takes 5 ms to import, in which Ctrl-C is not quiet yet."""

if TYPE_CHECKING:
    from typing import Any

    from .errors import EdgeError as EdgeError
    from .loading import load as load
    from .recognizer import Recognizer as Recognizer
    from .transcript.transcript import Transcript as Transcript
    from .transcript.types import Segment as Segment
    from .transcript.types import Word as Word
    from .whisper.model import Model as Model

__version__ = "0.1.0"
__all__ = ["EdgeError", "Model", "Recognizer", "Segment", "Transcript", "Word", "__version__", "load"]

_HOME_OF = {
    "EdgeError": "errors",
    "Model": "whisper.model",
    "Recognizer": "recognizer",
    "Segment": "transcript.types",
    "Transcript": "transcript.transcript",
    "Word": "transcript.types",
    "load": "loading",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `import edge` costs next to nothing (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'edge' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value
