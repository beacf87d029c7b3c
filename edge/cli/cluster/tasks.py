"""The tasks of a worker: it reads a recording, or a part of it, and writes transcripts, whole or not at all."""

from __future__ import annotations

import pickle
import socket
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ...errors import ClusterError
from ...sections import Outline, Told
from ...transcript.options import OutputOptions
from ...transcript.transcript import Transcript
from ...version import __version__
from ..console.bar import Console
from ..console.places import Place
from ..console.sinks import FileSink, Saved
from ..failures import explain

if TYPE_CHECKING:
    from ...recognizer import Recognizer

_OF_FILES = ("raw", "track")
"""Settings of how a recording is opened."""


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
    duration_s: float | None = None
    """Length of the recording in seconds, as far as it is known beforehand."""
    version: str = __version__
    """Version of edgewise that asks."""

    @property
    def is_divisible(self) -> bool:
        """Whether sections between pauses are read apart, so that several workers may read them."""
        return bool(self.settings.get("parallel"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a task."""

    transcript: Transcript | None
    """Transcript as it was recognized, without what only files hold; None where reading it failed."""
    saved: Saved | None
    failure: str = ""
    """Sentence about what went wrong."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A part of a recording that could not be read."""

    failure: str
    """Sentence about what went wrong."""


_loading = Lock()
_models: dict[str, Recognizer] = {}
"""Models of this process, by what they were loaded with."""


def read(task: Task) -> Answer:
    """Read a recording, and write its transcripts. Errors are told, so that the task is not tried again."""
    try:
        return _saved(task, _opened(task).transcribe(task.audio, **task.settings))
    except Exception as error:
        return Answer(None, None, explain(error))


def outline(task: Task) -> Outline | Lost:
    """Find the sections of a recording."""
    try:
        found = _opened(task).outline(task.audio, **task.settings)
        return replace(found, told=_portable(found.told))
    except Exception as error:
        return Lost(explain(error))


def read_part(task: Task, outline: Outline, number: int, n_parts: int) -> bytes | Lost:
    """Read a part of a recording; what it gives is packed, since who asks for it only passes it on."""
    try:
        told = _opened(task).read_part(task.audio, outline, number, n_parts, **task.settings)
        return zlib.compress(pickle.dumps(_portable(told)))
    except Exception as error:
        return Lost(explain(error))


def join(task: Task, outline: Outline, parts: Sequence[bytes]) -> Answer:
    """Put the parts of a recording together, and write its transcripts."""
    try:
        told = [one for part in parts for one in pickle.loads(zlib.decompress(part))]
        settings = {name: value for name, value in task.settings.items() if name not in _OF_FILES}
        return _saved(task, _opened(task).join(outline, told, **settings))
    except Exception as error:
        return Answer(None, None, explain(error))


def _opened(task: Task) -> Recognizer:
    """Load the model, once it is known that this worker can do the task."""
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
    return _model(task.model)


def _saved(task: Task, transcript: Transcript) -> Answer:
    """Write the files of a transcript."""
    sink = FileSink(task.place, task.options, Console())
    sink.save(_written(transcript) if task.is_written else transcript)
    return Answer(_light(transcript), sink.saved)


def _portable(told: Iterable[Told]) -> tuple[Told, ...]:
    """Put errors into words: not every one of them gets through to another process."""
    return tuple(
        one if one.failure is None else replace(one, failure=ClusterError(explain(one.failure))) for one in told
    )


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
