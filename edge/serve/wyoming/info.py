"""What a server can do, as `describe` asks for it."""

from __future__ import annotations

from wyoming.info import AsrModel, AsrProgram, Attribution, Info

from ...recognizer import Recognizer
from ...version import __version__

_OURS = Attribution(name="edgewise", url="https://pypi.org/project/edgewise/")


def info_of(model: Recognizer) -> Info:
    """Describe the server; this costs nothing, and many connections ask for nothing else."""
    described = AsrModel(
        name=model.name,
        attribution=_OURS,
        installed=True,
        description=f"Whisper {model.name}, {model.precision}",
        version=__version__,
        languages=sorted(model.languages),
    )
    program = AsrProgram(
        name="edgewise",
        attribution=_OURS,
        installed=True,
        description="speech to text on this machine",
        version=__version__,
        models=[described],
        supports_transcript_streaming=True,
    )
    return Info(asr=[program])
