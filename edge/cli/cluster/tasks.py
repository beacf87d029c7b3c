"""The task of a worker: it reads one recording and writes its transcripts, whole or not at all."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ...errors import ClusterError
from ...transcript.options import OutputOptions
from ...transcript.transcript import Transcript
from ...version import __version__
from ..console.bar import Console
from ..console.places import Place
from ..console.sinks import FileSink, Saved
from ..failures import explain

if TYPE_CHECKING:
    from ...recognizer import Recognizer


@dataclass(frozen=True, slots=True)
class Task:
    """A recording to read, in paths that are the same on every machine."""

    audio: Path
    place: Place
    model: Mapping[str, Any]
    """Arguments of `edge.load`."""
    settings: Mapping[str, Any]
    """Arguments of `Recognizer.transcribe`."""
    options: OutputOptions
    is_written: bool
    """Whether the rules of --written are applied."""
    version: str = __version__
    """Version of edgewise that asks."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a task."""

    transcript: Transcript | None
    """Transcript as it was recognized, without what only files hold; None where reading it failed."""
    saved: Saved | None
    failure: str = ""
    """Sentence about what went wrong."""


_loading = Lock()
_models: dict[str, Recognizer] = {}
"""Models of this process, by what they were loaded with."""


def read(task: Task) -> Answer:
    """Read a recording, and write its transcripts. Errors are told, so that the task is not tried again."""
    try:
        if task.version != __version__:
            raise ClusterError(
                f"the worker on {socket.gethostname()} has edgewise {__version__}, and {task.version} is asked for: "
                "install the same on all"
            )
        if not task.audio.exists():
            raise ClusterError(
                f"{task.audio}: it is not there on {socket.gethostname()}: put recordings on a disk that all workers "
                "have, under the same path"
            )
        transcript = _model(task.model).transcribe(task.audio, **task.settings)
        sink = FileSink(task.place, task.options, Console())
        sink.save(_written(transcript) if task.is_written else transcript)
        return Answer(_light(transcript), sink.saved)
    except Exception as error:
        return Answer(None, None, explain(error))


def _model(arguments: Mapping[str, Any]) -> Recognizer:
    """Load a model once a process; its store fetches it once a machine."""
    from ... import load

    key = repr(sorted(arguments.items()))
    with _loading:
        if key not in _models:
            _models[key] = load(**arguments, kind="speech")
        return _models[key]


def _written(transcript: Transcript) -> Transcript:
    from ...written.segments import Scribe

    return Scribe().transcript(transcript)


def _light(transcript: Transcript) -> Transcript:
    """Leave out what nobody says on the console: it would cross the network for nothing."""
    segments = tuple(replace(segment, words=(), decoding=None) for segment in transcript.segments)
    return replace(transcript, segments=segments)
