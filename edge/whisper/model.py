"""`edge.load`: a name or a file becomes a model that transcribes."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack, get_args

from ..audio import AudioInput, AudioSource, open_audio
from ..errors import FormatError, ModelNotFoundError, OptionError, UnsupportedModelError
from ..listen.detector import Detector, fetch_detector
from ..names import given_path
from ..progress import Progress
from ..threads import default_threads, usable_threads
from ..transcript.types import Segment, Transcript
from ..values import choice, flag, optional, shown, text, whole
from .engines.native import WhisperEngine
from .engines.onnx_folder import is_folder, open_folder
from .file.model import ModelFile, open_model
from .idle import IdleStates
from .options import Settings, TranscribeOptions
from .session import OnSegment, stream_segments, transcribe
from .tokens import Tokenizer
from .trust.evidence import OpenVad
from .words.align import attention_lead, check_alignment_heads

if TYPE_CHECKING:
    from .engines.onnx import OnnxEngine

_LOG = logging.getLogger("edge.whisper")

DEFAULT_MODEL = "tiny.en"
DEFAULT_PRECISION = "int8"

EngineName = Literal["edgewise", "onnxruntime"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)

_LONGEST_NAME = 255
_LONGEST_PRECISION = 100
_MOST_THREADS = 2**31 - 1


class Model:
    """A loaded model. Threads may share it: each transcription has a state of its own."""

    def __init__(
        self,
        file: ModelFile,
        *,
        threads: int | None = None,
        load_s: float = 0.0,
        offline: bool | None = None,
        engine: OnnxEngine | None = None,
    ) -> None:
        """Pack the weights of an open model file for this processor, or take the `engine` that has them.

        `offline` is for the detector of speech, which is fetched when it is first needed.
        """
        began = time.perf_counter()
        self.engine: WhisperEngine | OnnxEngine = engine or WhisperEngine(file, threads=threads)
        self.tokenizer = Tokenizer(file.vocabulary)
        self.name = file.name
        self.precision = file.precision
        self.path = file.path
        self.mel_filters = file.mel_filters
        self.suppress_tokens = file.suppress_tokens
        self.suppress_begin = file.suppress_begin
        self.attention_lead = attention_lead(file.alignment_heads)
        self._states = IdleStates(self.engine.new_state, most=default_threads())
        self._detector = Detector(offline)
        self.load_s = load_s + time.perf_counter() - began
        _LOG.info("%s loaded in %.2f s: %s, %d threads", self, self.load_s, self.engine.level, self.engine.threads)

    def __repr__(self) -> str:
        return f"Model({self.name!r}, precision={self.precision!r}, threads={self.engine.threads})"

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
        """Transcribe a recording of any length.

        Args:
            audio: a file of any format, an open binary file, or float32 mono samples at 16 kHz.
            options: all settings at once.
            on_segment: gets each segment as it is found.
            progress: is told how many seconds of audio are done.
            raw: whether the file holds raw 16 kHz 16-bit mono PCM, whatever it begins with.
            track: audio track of a film, counted from 1; the one marked as the default, else the first, if not said.
            settings: any field of `TranscribeOptions`, such as `language="de"`, `task="translate"`, `beam_size=5`,
                `n_best=5`, `temperature=0`, `word_timestamps=True` or `vad=True`; they override `options`.

        Raises:
            AudioError: the recording cannot be read.
            OptionError, UnsupportedModelError: the model cannot do what is asked.
            StoreError: `vad` is True and the detector cannot be fetched.
        """
        options = self._checked(options, settings)
        with self._states.lend(options.n_sequences) as state:
            return transcribe(
                self.engine,
                state,
                self.tokenizer,
                self,
                open_audio(audio, raw=raw, track=track),
                options,
                on_segment=on_segment,
                progress=progress,
                load_s=self.load_s,
                open_vad=self._open_vad(options),
            )

    def stream_file(
        self,
        audio: AudioInput,
        *,
        options: TranscribeOptions | None = None,
        raw: bool = False,
        track: int | None = None,
        **settings: Unpack[Settings],
    ) -> Iterator[Segment]:
        """Transcribe a recording of any length, segment by segment: each comes as soon as its window is read.

        The recording is opened at once, and read and transcribed while the segments are taken, in memory that does
        not grow with its length. Arguments and errors are those of `transcribe`.
        """
        options = self._checked(options, settings)
        return self._stream(open_audio(audio, raw=raw, track=track), options)

    def _checked(self, options: TranscribeOptions | None, settings: Settings) -> TranscribeOptions:
        if options is not None and not isinstance(options, TranscribeOptions):
            raise OptionError(f"options is {shown(options)}; expected TranscribeOptions")
        options = replace(options or TranscribeOptions(), **settings)
        options.check_model(self.tokenizer)
        if options.word_timestamps:
            check_alignment_heads(self.engine.n_alignment_heads)
        return options

    def _stream(self, source: AudioSource, options: TranscribeOptions) -> Iterator[Segment]:
        with self._states.lend(options.n_sequences) as state:
            open_vad = self._open_vad(options)
            yield from stream_segments(self.engine, state, self.tokenizer, self, source, options, open_vad)

    def _open_vad(self, options: TranscribeOptions) -> OpenVad:
        return partial(self._detector.open, must=options.vad is True)


def load(
    model: str | PathLike[str] = DEFAULT_MODEL,
    *,
    precision: str | None = None,
    engine: EngineName = "edgewise",
    threads: int | None = None,
    offline: bool | None = None,
    progress: Progress | None = None,
) -> Model:
    """Load a model by name (fetched and exported on first use) or from a .gguf file.

    Args:
        model: a name that `edgewise models list` shows, or the path of a model file. A string is a path if it has a
            folder in it, begins with "." or "~", or ends in .gguf; a file `tiny.en` here is "./tiny.en".
        precision: f32, f16, q8_0, int8 or int4, of a model given by name; int8 if not said.
        engine: "onnxruntime" runs the folder that `edgewise export whisper SOURCE -o DIR --to onnx` wrote, or a name
            at f32, int8, w8 or w4, whose first use needs the extra `edgewise[onnx-export]`.
        threads: CPU threads, at most as many as processors that this process may run on; None takes its physical cores.
        offline: True never opens a socket; None asks EDGEWISE_OFFLINE.
        progress: is told what is fetched and exported.

    Raises:
        ModelNotFoundError: no such name or file.
        FormatError, UnsupportedModelError: the file is damaged, or not one to run.
        StoreError: fetching failed; OfflineError where the network was needed and not allowed.
        KernelError: EDGE_CPU names a level that this processor does not have.
        OptionError: no such engine, or a value of another type or range than expected.
        EdgeError: onnxruntime is asked for and not installed.
    """
    if not isinstance(model, (str, os.PathLike)):
        raise OptionError(f"model is {shown(model)}; expected the name of a model, or the path of a file")
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in Path(model).parts):
        raise ModelNotFoundError(f"model is {shown(str(model))}, which is longer than a name can be")
    choice("engine", engine, ENGINES)
    precision = optional(text, "precision", precision, _LONGEST_PRECISION)
    threads = optional(whole, "threads", threads, 1, _MOST_THREADS, "1 or more, or None for the physical cores")
    offline = optional(flag, "offline", offline)
    began = time.perf_counter()
    path = given_path(model)
    threads = usable_threads(threads)
    if engine == "onnxruntime":
        from ..onnx.graph import require_onnxruntime

        require_onnxruntime()
        open_path = partial(_open_onnx, precision=precision, threads=threads, offline=offline, began=began)
    else:
        open_path = partial(_open, precision=precision, threads=threads, offline=offline, began=began)
    if path is not None:
        if not path.exists():
            raise ModelNotFoundError(f"{path}: no such model file")
        return open_path(path)
    find = _stored_folder if engine == "onnxruntime" else _stored_file
    stored = partial(find, str(model), precision or DEFAULT_PRECISION, offline, progress)
    try:
        return open_path(stored(verify=False))
    except (FormatError, ModelNotFoundError, UnsupportedModelError):
        return open_path(stored(verify=True))  # made anew if it is damaged; else the same error again


def _open(path: Path, *, precision: str | None, threads: int | None, offline: bool | None, began: float) -> Model:
    if is_folder(path):
        raise UnsupportedModelError(
            f'{path}: a model for onnxruntime; load it with engine="onnxruntime", or on the command line with '
            "--engine onnxruntime"
        )
    with open_model(path) as file:
        _check_precision(path, file, precision)
        return Model(file, threads=threads, load_s=time.perf_counter() - began, offline=offline)


def _open_onnx(
    folder: Path, *, precision: str | None, threads: int | None, offline: bool | None, began: float
) -> Model:
    from .engines.onnx import OnnxEngine

    with open_folder(folder) as facts:
        _check_precision(folder, facts, precision)
        engine = OnnxEngine(folder, facts, threads=threads)
        return Model(facts, engine=engine, load_s=time.perf_counter() - began, offline=offline)


def _check_precision(path: Path, file: ModelFile, precision: str | None) -> None:
    if precision not in (None, file.precision):
        raise UnsupportedModelError(f"{path}: its precision is {file.precision}, {precision} was asked for")


def _stored_file(name: str, precision: str, offline: bool | None, progress: Progress | None, *, verify: bool) -> Path:
    from ..store import Store

    store = Store()
    is_new = not store.model_place(name, precision).exists()
    path = store.model_path(name, precision, offline=offline, progress=progress, verify=verify)
    if is_new:  # there is a network now, and may be none when the detector is needed
        fetch_detector(store, offline, progress)
    return path


def _stored_folder(name: str, precision: str, offline: bool | None, progress: Progress | None, *, verify: bool) -> Path:
    from ..store import Store

    return Store().onnx_folder(name, precision, offline=offline, progress=progress, verify=verify)
