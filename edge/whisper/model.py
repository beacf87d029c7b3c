"""`edge.load`: a name or a file becomes a model that transcribes."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from ..audio import AudioInput, AudioSource, open_audio
from ..errors import ModelNotFoundError, UnsupportedModelError
from ..format import ModelFile, open_model
from ..progress import Progress
from ..tokens import Task, Tokenizer
from ..transcript import Segment, Transcript
from ..vad import VadOptions
from .detector import Detector, fetch_detector
from .engine import WhisperEngine
from .options import Context, TranscribeOptions, Vad
from .protocol import State
from .speech import OpenVad
from .windows import OnSegment, stream_segments, transcribe

_LOG = logging.getLogger("edge.whisper")

DEFAULT_MODEL = "tiny.en"
DEFAULT_PRECISION = "int8"


class Model:
    """A loaded model. Threads may share it: each transcription has a state of its own."""

    def __init__(
        self, file: ModelFile, *, threads: int | None = None, load_s: float = 0.0, offline: bool | None = None
    ) -> None:
        """Pack the weights of an open model file for this processor.

        `offline` is for the detector of speech, which is fetched when it is first needed.
        """
        began = time.perf_counter()
        self.engine = WhisperEngine(file, threads=threads)
        self.tokenizer = Tokenizer(file.vocabulary)
        self.name = file.name
        self.precision = file.precision
        self.path = file.path
        self.mel_filters = file.mel_filters
        self.suppress_tokens = file.suppress_tokens
        self.suppress_begin = file.suppress_begin
        self._idle: list[State] = []  # a state of 20 MB takes longer to make than a short clip to encode
        self._detector = Detector(offline)
        self.load_s = load_s + time.perf_counter() - began
        _LOG.info("%s loaded in %.2f s: %s, %d threads", self, self.load_s, self.engine.level, self.engine.threads)

    def __repr__(self) -> str:
        return f"Model({self.name!r}, precision={self.precision!r}, threads={self.engine.threads})"

    def transcribe(
        self,
        audio: AudioInput,
        *,
        language: str | None = None,
        task: Task = "transcribe",
        timestamps: bool = True,
        max_tokens: int | None = None,
        context: Context = "tail",
        vad: Vad = "auto",
        vad_options: VadOptions | None = None,
        options: TranscribeOptions | None = None,
        on_segment: OnSegment | None = None,
        progress: Progress | None = None,
    ) -> Transcript:
        """Transcribe a recording of any length.

        Args:
            audio: a file of any format, an open binary file, or float32 mono samples at 16 kHz.
            language: a code or an English name; None detects it (multilingual models).
            task: "translate" writes English whatever the language.
            timestamps: False follows 30 s windows without placing text in time, as benchmarks do.
            max_tokens: most tokens of a window.
            context: "full" always computes the whole padding of a clip shorter than 30 s.
            vad: True looks for speech first and transcribes only that; "auto" listens where the text is in doubt.
            vad_options: what counts as speech.
            options: everything at once, in place of the seven above.
            on_segment: gets each segment as it is found.
            progress: is told how many seconds of audio are done.

        Raises:
            AudioError: the recording cannot be read.
            OptionError: the model cannot do what is asked.
            StoreError: `vad` is True and the detector cannot be fetched.
        """
        options = options or TranscribeOptions(
            language=language,
            task=task,
            timestamps=timestamps,
            max_tokens=max_tokens,
            context=context,
            vad=vad,
            vad_options=vad_options or VadOptions(),
        )
        with self._state() as state:
            return transcribe(
                self.engine,
                state,
                self.tokenizer,
                self,
                open_audio(audio),
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
        language: str | None = None,
        vad: Vad = "auto",
        options: TranscribeOptions | None = None,
    ) -> Iterator[Segment]:
        """Transcribe a recording of any length, segment by segment: each comes as soon as its window is read.

        The recording is opened at once, and read and transcribed while the segments are taken, in memory that does
        not grow with its length. Arguments and errors are those of `transcribe`.
        """
        options = options or TranscribeOptions(language=language, vad=vad)
        options.check_model(self.tokenizer)
        return self._stream(open_audio(audio), options)

    def _stream(self, source: AudioSource, options: TranscribeOptions) -> Iterator[Segment]:
        with self._state() as state:
            open_vad = self._open_vad(options)
            yield from stream_segments(self.engine, state, self.tokenizer, self, source, options, open_vad)

    def _open_vad(self, options: TranscribeOptions) -> OpenVad:
        return partial(self._detector.open, must=options.vad is True)

    @contextmanager
    def _state(self) -> Iterator[State]:
        try:
            state = self._idle.pop()
        except IndexError:
            state = self.engine.new_state()
        yield state
        self._idle.append(state)  # unless something was raised, when it may be anywhere


def load(
    model: str | Path = DEFAULT_MODEL,
    *,
    precision: str | None = None,
    threads: int | None = None,
    offline: bool | None = None,
    progress: Progress | None = None,
) -> Model:
    """Load a model by name (fetched and exported on first use) or from a .gguf file.

    Args:
        model: a name that `edgewise models list` shows, or the path of a model file.
        precision: f32, f16, q8_0, int8 or int4, of a model given by name; int8 if not said.
        threads: CPU threads; None takes the physical cores that this process may use.
        offline: True never opens a socket; None asks EDGEWISE_OFFLINE.
        progress: is told what is fetched and exported.

    Raises:
        ModelNotFoundError: no such name or file.
        FormatError, UnsupportedModelError: the file is damaged, or not one to run.
        StoreError: fetching failed; OfflineError where the network was needed and not allowed.
        KernelError: EDGE_CPU names a level that this processor does not have.
    """
    began = time.perf_counter()
    path = _model_path(model, precision, offline, progress)
    with open_model(path) as file:
        if precision not in (None, file.precision):
            raise UnsupportedModelError(f"{path}: its precision is {file.precision}, {precision} was asked for")
        return Model(file, threads=threads, load_s=time.perf_counter() - began, offline=offline)


def _model_path(model: str | Path, precision: str | None, offline: bool | None, progress: Progress | None) -> Path:
    path = Path(model)
    looks_like_path = isinstance(model, Path) or path.suffix == ".gguf" or len(path.parts) > 1
    if looks_like_path or path.is_file():
        if not path.exists():
            raise ModelNotFoundError(f"{path}: no such model file")
        return path
    from ..store import Store

    store, name, precision = Store(), str(model), precision or DEFAULT_PRECISION
    is_new = not store.model_place(name, precision).exists()
    path = store.model_path(name, precision, offline=offline, progress=progress)
    if is_new:  # there is a network now, and may be none when the detector is needed
        fetch_detector(store, offline, progress)
    return path
