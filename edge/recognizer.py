"""The protocol of every family of speech models, and the choice of the family that runs a file.

A family is a folder like edge/whisper and one line in `_FAMILIES`; the code above this module does not tell one from
another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, Protocol, Unpack, get_args

from .audio import AudioInput
from .correct.witnesses import FindCompany
from .errors import ModelNotFoundError, UnsupportedModelError
from .gguf.file import GgufFile, open_gguf
from .gguf.keys import read_optional
from .live.options import LiveOptions
from .onnx.folder import FACTS, is_folder, require_files
from .options import Settings, TranscribeOptions
from .progress import Progress
from .sections import Outline, Told
from .session import OnSegment, Session, SessionSettings
from .transcript.transcript import Transcript
from .transcript.types import Segment

EngineName = Literal["edgewise", "onnxruntime"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)


class Recognizer(Protocol):
    """A loaded model that turns speech into words. Threads may share it."""

    name: str
    """Name of the model, such as "tiny.en"."""
    precision: str
    path: Path
    load_s: float
    """Seconds that loading the model took."""
    defaults: TranscribeOptions
    """Settings of a transcription for which none are given: those of the profile that it was loaded with."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that the model knows."""
        ...

    @property
    def n_at_once(self) -> int:
        """Number of recordings that are best read at the same time, each in a thread."""
        ...

    def transcribe(
        self,
        audio: AudioInput,
        *,
        options: TranscribeOptions | None = None,
        on_segment: OnSegment | None = None,
        progress: Progress | None = None,
        raw: bool = False,
        track: int | None = None,
        **settings: Unpack[Settings],
    ) -> Transcript:
        """Transcribe a recording of any length; settings that the family does not know are refused."""
        ...

    def stream_file(
        self,
        audio: AudioInput,
        *,
        options: TranscribeOptions | None = None,
        raw: bool = False,
        track: int | None = None,
        **settings: Unpack[Settings],
    ) -> Iterator[Segment]:
        """Transcribe a recording segment by segment."""
        ...

    def session(
        self,
        *,
        options: TranscribeOptions | None = None,
        live: LiveOptions | None = None,
        final_model: Recognizer | None = None,
        clock: Callable[[], float] = time.monotonic,
        **settings: Unpack[SessionSettings],
    ) -> Session:
        """Begin to transcribe sound that comes in piece by piece, live where a live setting is given."""
        ...

    def outline(
        self, audio: AudioInput, *, raw: bool = False, track: int | None = None, **settings: Unpack[Settings]
    ) -> Outline:
        """Find the sections of a recording, to be read apart."""
        ...

    def read_part(
        self,
        audio: AudioInput,
        outline: Outline,
        number: int,
        n_parts: int,
        *,
        raw: bool = False,
        track: int | None = None,
        **settings: Unpack[Settings],
    ) -> tuple[Told, ...]:
        """Read part `number`, counted from 0, of `n_parts` of a recording."""
        ...

    def join(self, outline: Outline, told: Iterable[Told], **settings: Unpack[Settings]) -> Transcript:
        """Make the transcript of a recording of what all its parts gave, in order."""
        ...

    def let_go(self) -> None:
        """Give back the memory that waits for the next transcription, which makes it anew."""
        ...


def open_path(
    path: Path,
    *,
    precision: str | None = None,
    engine: EngineName = "edgewise",
    threads: int | None = None,
    offline: bool | None = None,
    began: float | None = None,
    find_company: FindCompany | None = None,
) -> Recognizer:
    """Load a model file, or a folder for onnxruntime, by the family that its architecture names.

    `began` is when loading began, by time.perf_counter, and `find_company` finds witnesses for corrections; the other
    arguments and the errors are those of `edge.load`.
    """
    began = time.perf_counter() if began is None else began
    if engine == "onnxruntime":
        from .onnx.graph import require_onnxruntime

        require_onnxruntime()
        require_files(path)
    elif is_folder(path):
        raise UnsupportedModelError(
            f'{path}: a model for onnxruntime; load it with engine="onnxruntime", or on the command line with '
            "--engine onnxruntime"
        )
    elif not path.exists():
        raise ModelNotFoundError(f"{path}: no such model file")
    file = open_gguf(path / FACTS if engine == "onnxruntime" else path)
    architecture = read_optional(file, "general.architecture", str, "")
    if architecture not in _FAMILIES:
        hint = "make one with `edgewise export whisper SOURCE -o OUT`"
        if architecture == "llama":
            hint = 'edge.load(..., kind="language") and `edgewise generate` load language models'
        raise UnsupportedModelError(
            f"{path}: expected a speech model ({' or '.join(_FAMILIES)}), found architecture {architecture!r}; {hint}"
        )
    open_file = _FAMILIES[architecture]()
    return open_file(
        file,
        precision=precision,
        engine=engine,
        threads=threads,
        offline=offline,
        began=began,
        find_company=find_company,
    )


class _OpenFile(Protocol):
    def __call__(
        self,
        file: GgufFile,
        *,
        precision: str | None,
        engine: EngineName,
        threads: int | None,
        offline: bool | None,
        began: float,
        find_company: FindCompany | None,
    ) -> Recognizer: ...


def _whisper() -> _OpenFile:
    from .whisper.model import open_file

    return open_file


_FAMILIES: Mapping[str, Callable[[], _OpenFile]] = {"whisper": _whisper}
"""Functions that load each architecture; a family is imported when a file of it is loaded."""
