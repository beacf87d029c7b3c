"""A loaded Whisper model, which turns recordings and live sound into words."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Unpack

from ..arrays import FloatArray
from ..audio import AudioInput, AudioSource, open_audio
from ..correct.joined import JoinedRecording, JoinedSession
from ..correct.joining import PAUSE_S, Joiner
from ..correct.witnesses import Company, FindCompany
from ..errors import OptionError, UnsupportedModelError
from ..gguf.file import GgufFile
from ..listen.detector import Detector
from ..listen.pauses import PauseCutter
from ..live.evidence import weights_of
from ..live.options import LIVE_NAMES, LiveOptions
from ..live.session import LiveSession
from ..llm.names import LanguageEngine
from ..options import CORRECTION_BEAMS, Settings, TranscribeOptions
from ..progress import Progress
from ..sections import Outline, Told
from ..session import Gathered, OnSegment, Session, SessionSettings, segments_of, transcribe
from ..threads import default_threads
from ..transcript.transcript import Transcript
from ..transcript.types import Segment
from ..values import shown
from .checks import check_options
from .closed import CLOSED_BEAMS, ClosedReader
from .divided import joined, outline_of, read_between
from .engines.native import EngineState, WhisperEngine
from .engines.onnx_folder import read_folder
from .engines.protocol import State
from .engines.shared import Scheduler, SharedState, Ticket
from .file.cost import state_bytes
from .file.model import ModelFile, read_model
from .idle import IdleStates
from .judge.corrector import Corrector, by_gate
from .judge.voice import Voice
from .parallel import ParallelSession, Sections
from .passes import WhisperPasses
from .session import WhisperSession
from .tokens import Tokenizer
from .trust.evidence import OpenVad, find_speech
from .words.align import attention_lead, check_alignment_heads

if TYPE_CHECKING:
    from ..recognizer import EngineName, Recognizer
    from .engines.onnx import OnnxEngine

_LOG = logging.getLogger("edge.whisper")

_SECTIONS_AT_ONCE = 3
"""Sections of one recording that are read at the same time, each of which takes as much memory as a recording.

With tiny.en and base the third saves a tenth of the processor's time, and a fourth 1 to 4 %.
"""
_BYTES_AT_ONCE = 240_000_000
"""Memory for the recordings that are read at the same time."""
_LEAST_AT_ONCE, _MOST_AT_ONCE = 2, 8
"""Bounds of their number: eight gain little more than six."""


class Model:
    """A loaded model. Threads may share it: each transcription has a state of its own.

    What threads ask for at the same time is decoded in one pass over the weights; each gets what it would get alone.
    Sound that comes in while somebody speaks is served before recordings.
    """

    def __init__(
        self,
        file: ModelFile,
        *,
        threads: int | None = None,
        load_s: float = 0.0,
        offline: bool | None = None,
        engine: OnnxEngine | None = None,
        find_company: FindCompany | None = None,
    ) -> None:
        """Pack the weights of an open model file for this processor, or take the `engine` that has them.

        `offline` applies to the speech detector, which is fetched when it is first needed. `find_company` finds the
        witnesses for corrections when these are first asked for; without it there are none.
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
        self.scheduler = Scheduler()
        self._detector = Detector(offline)
        self._find_company = find_company
        self._companies: dict[LanguageEngine, Company] = {}
        self._company_lock = Lock()
        self.defaults = TranscribeOptions()
        self.load_s = load_s + time.perf_counter() - began
        _LOG.info("%s loaded in %.2f s: %s, %d threads", self, self.load_s, self.engine.level, self.engine.threads)

    def __repr__(self) -> str:
        return f"Model({self.name!r}, precision={self.precision!r}, threads={self.engine.threads})"

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that the model knows."""
        return tuple(self.tokenizer.languages) if self.tokenizer.is_multilingual else ("en",)

    @property
    def n_at_once(self) -> int:
        """Number of recordings that are best read at the same time, each in a thread.

        More of them share a pass over the weights, and each takes memory; onnxruntime reads no two in one pass.
        """
        if not isinstance(self.engine, WhisperEngine):
            return 1
        n_with_room = _BYTES_AT_ONCE // state_bytes(self.engine.dims, is_integer=self.engine.is_integer)
        return min(max(n_with_room, _LEAST_AT_ONCE), _MOST_AT_ONCE)

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
            on_segment: called with each segment as it is found.
            progress: called with the seconds of audio that are done.
            raw: whether the file holds raw 16 kHz 16-bit mono PCM, whatever it begins with.
            track: audio track of a film, counted from 1; None takes the one marked as the default, else the first.
            settings: any field of `TranscribeOptions`, such as `language="de"`, `task="translate"`, `beam_size=5`,
                `n_best=5`, `temperature=0`, `word_timestamps=True` or `vad=True`; they override `options`.

        Raises:
            AudioError: the recording cannot be read.
            OptionError, UnsupportedModelError: the model cannot do what is asked.
            StoreError: `vad` is True and the detector cannot be fetched.
        """
        options = self._checked(options, settings)
        with open_audio(audio, raw=raw, track=track) as source, self._reading(options) as session:
            return transcribe(session, source, on_segment=on_segment, progress=progress, load_s=self.load_s)

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

    def outline(
        self, audio: AudioInput, *, raw: bool = False, track: int | None = None, **settings: Unpack[Settings]
    ) -> Outline:
        """Find the sections of a recording, to be read apart, each by any process that has the same model.

        What `join` makes of them is what `transcribe` gives with `parallel=True` and the same settings. Arguments and
        errors are those of `transcribe`.
        """
        options = self._checked(None, settings)
        finds_language = self._finds_language(options)
        with (
            open_audio(audio, raw=raw, track=track) as source,
            self._sections(options, options.language, finds_language=finds_language) as sections,
        ):
            cutter = self._cutter(options)
            return outline_of(source, cutter, sections, options.language, finds_language=finds_language)

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
        """Read part `number`, counted from 0, of `n_parts` of a recording, all with the settings of its outline."""
        options = self._checked(None, settings)
        edges = outline.part(number, n_parts)
        if not edges:
            return ()
        with (
            open_audio(audio, raw=raw, track=track) as source,
            self._sections(options, outline.language, finds_language=False, first=edges[0]) as sections,
        ):
            return read_between(source, edges, sections)

    def join(self, outline: Outline, told: Iterable[Told], **settings: Unpack[Settings]) -> Transcript:
        """Make the transcript of a recording of what all its parts gave, in order.

        Raises:
            Exception: the last error of a section, where none could be read.
        """
        options = self._checked(None, settings)
        events, joiner = joined((*outline.told, *told), options.language), self._joiner(options)
        gathered = Gathered()
        gathered.add(events if joiner is None else joiner.pass_on(events))
        found = gathered.transcript(outline.peak, outline.gaps)
        return replace(found, timing=replace(found.timing, load_s=self.load_s))

    def _checked(self, options: TranscribeOptions | None, settings: Mapping[str, Any]) -> TranscribeOptions:
        if options is not None and not isinstance(options, TranscribeOptions):
            raise OptionError(f"options is {shown(options)}; expected TranscribeOptions")
        options = replace(options or self.defaults, **settings)
        check_options(options, self.tokenizer)
        if options.word_timestamps:
            check_alignment_heads(self.engine.n_alignment_heads)
        return options

    def _stream(self, source: AudioSource, options: TranscribeOptions) -> Iterator[Segment]:
        with source, self._reading(options) as session:
            yield from segments_of(session, source)

    def session(
        self,
        *,
        options: TranscribeOptions | None = None,
        live: LiveOptions | None = None,
        final_model: Recognizer | None = None,
        clock: Callable[[], float] = time.monotonic,
        **settings: Unpack[SessionSettings],
    ) -> Session:
        """Begin to transcribe sound that comes in piece by piece, such as from a microphone or a connection.

        Feed it samples as they come. Without live settings, segments come back as their windows of 30 s fill, and all
        pieces together give what `transcribe` gives for the same samples. With live settings (`endpoint=0.5`), text
        comes back while somebody speaks, and is final in each pause. A session holds memory of the model, which it
        gives back at its end: use it in a `with` block, or close it.

        Args:
            options: all settings of transcription at once.
            live: all live settings at once.
            final_model: reads what is final, where this model is to read only what comes before.
            clock: gives the seconds by which live readings are paced.
            settings: any field of `TranscribeOptions`, and of `LiveOptions`, such as `endpoint=0.5`, None for the end
                of the sound; they override `options` and `live`.

        Raises:
            OptionError, UnsupportedModelError: the model cannot do what is asked.
            StoreError: a live session needs the speech detector, and it cannot be fetched.
        """
        given: dict[str, Any] = dict(settings)
        live_settings = {name: given.pop(name) for name in LIVE_NAMES if name in given}
        checked = self._checked(options, given)
        if checked.parallel:
            raise OptionError("parallel is True, which is for recordings; a session reads its sound as it comes")
        if live is None and final_model is None and not live_settings:
            return self._session(checked, is_urgent=True)
        return self._live(checked, replace(live or LiveOptions(), **live_settings), final_model or self, clock)

    def _live(
        self, options: TranscribeOptions, live: LiveOptions, final_model: Recognizer, clock: Callable[[], float]
    ) -> Session:
        if options.vad is True:
            raise OptionError("vad is True; a live session listens for speech itself: leave it out")
        check_alignment_heads(self.engine.n_alignment_heads)
        vad = self._detector.open(must=True)
        assert vad is not None
        session = LiveSession(
            lambda language: final_model.session(options=replace(options, language=language)),
            partial(self.passes, options),
            vad,
            live,
            weights_of(self.name),
            language=options.language if self.tokenizer.is_multilingual else "en",
            clock=clock,
        )
        joiner = self._joiner(options) if isinstance(live.endpoint, float) and live.endpoint < PAUSE_S else None
        return session if joiner is None else JoinedSession(session, joiner)

    def let_go(self) -> None:
        """Give back the memory that waits for the next transcription, which makes it anew."""
        self._states.clear()
        for company in tuple(self._companies.values()):
            if isinstance(company.second, Model):
                company.second.let_go()

    def passes(self, options: TranscribeOptions, language: str | None) -> WhisperPasses:
        """Begin to read a turn of speech that still goes on, in a language; None detects it."""
        state, give_back, _ = self._take(1, is_urgent=True)  # a pass is greedy; used beams keep their memory
        return WhisperPasses(self, state, options, language, give_back)

    def closed(self, samples: FloatArray, language: str | None) -> ClosedReader:
        """Encode a short recording (n_samples,), to be read among listed texts; the reader has to be closed."""
        state, give_back, _ = self._take(CLOSED_BEAMS, is_urgent=True)
        return ClosedReader(
            self, state, samples, language=language, open_vad=partial(self._detector.open), give_back=give_back
        )

    def _reading(self, options: TranscribeOptions) -> WhisperSession | ParallelSession | JoinedRecording:
        """Begin to read a recording, its sections one after the other or several at a time.

        Sections are joined where corrections are asked for. Windows are not: they end where the text says.
        """
        if not options.parallel:
            return self._session(options)
        joiner = self._joiner(options)
        return self._parallel(options) if joiner is None else JoinedRecording(self._parallel(options), joiner)

    def _parallel(self, options: TranscribeOptions) -> ParallelSession:
        finds_language = self._finds_language(options)
        sections = self._sections(options, options.language, finds_language=finds_language)
        return ParallelSession(sections, self._cutter(options), options.language)

    def _sections(
        self, options: TranscribeOptions, language: str | None, *, finds_language: bool, first: int = 0
    ) -> Sections:
        """Begin to read sections that begin at sample `first` of a recording; all together count as one session."""
        ticket = Ticket()
        self.scheduler.enter(ticket)
        return Sections(
            lambda language: self._session(replace(options, language=language), is_part=True),
            min(self.n_at_once, _SECTIONS_AT_ONCE),
            language,
            finds_language=finds_language,
            first=first,
            close=partial(self.scheduler.leave, ticket),
        )

    def _cutter(self, options: TranscribeOptions) -> PauseCutter:
        return PauseCutter(partial(find_speech, self._open_vad(options), options.vad_options.threshold))

    def _finds_language(self, options: TranscribeOptions) -> bool:
        """Whether the first text of a recording settles the language of all of it."""
        return self.tokenizer.is_multilingual and options.language is None and not options.multilingual

    def _session(self, options: TranscribeOptions, *, is_urgent: bool = False, is_part: bool = False) -> WhisperSession:
        state, give_back, cancel = self._take(options.n_sequences, is_urgent=is_urgent, is_part=is_part)
        corrector = None if options.strength is None else self.corrector(state, options, is_urgent=is_urgent)

        def end() -> None:
            give_back()
            if corrector is not None:
                corrector.close()

        return WhisperSession(
            *(self, state, options, self._open_vad(options)), corrector=corrector, give_back=end, cancel=cancel
        )

    def _take(
        self, n_beams: int, *, is_urgent: bool, is_part: bool = False
    ) -> tuple[State, Callable[[], None], Callable[[], None]]:
        """Take a state; gives also what gives it back, and what stops whoever works on it."""
        state = self._states.take(n_beams)
        if not isinstance(state, EngineState):  # onnxruntime has a schedule of its own
            return state, partial(self._states.give_back, n_beams, state), lambda: None
        shared = SharedState(state, self.scheduler, is_urgent=is_urgent, is_part=is_part)

        def give_back() -> None:
            shared.leave()
            self._states.give_back(n_beams, state)

        return shared, give_back, shared.cancel

    def corrector(self, state: State, options: TranscribeOptions, *, is_urgent: bool = False) -> Corrector:
        """Make a corrector of what is read with a state."""
        company = self._find(options.llm_engine)
        second = company.second
        return Corrector(
            Voice(self, state, options),
            second.voice(options, is_urgent=is_urgent) if isinstance(second, Model) else None,
            company.language_model,
            company.decide or by_gate(self.name, options.strength or "safe"),
            vocabulary=options.words,
            budget_s=options.correct_budget,
            notes=company.notes,
        )

    def _joiner(self, options: TranscribeOptions) -> Joiner | None:
        """Make a joiner of segments; None where nothing is corrected, or no language model is there."""
        model = None if options.strength is None else self._find(options.llm_engine).language_model
        return None if model is None else Joiner(model, budget_s=options.correct_budget)

    def voice(self, options: TranscribeOptions, *, is_urgent: bool) -> Voice:
        """Lend this model to a recognizer that asks for a second opinion."""
        state, give_back, _ = self._take(CORRECTION_BEAMS, is_urgent=is_urgent)
        return Voice(self, state, options, give_back)

    def _find(self, llm_engine: LanguageEngine) -> Company:
        """Find the witnesses, once for each engine of the language model."""
        with self._company_lock:
            if llm_engine not in self._companies:
                found = Company() if self._find_company is None else self._find_company(self.name, llm_engine)
                self._companies[llm_engine] = found
            return self._companies[llm_engine]

    def _open_vad(self, options: TranscribeOptions) -> OpenVad:
        return partial(self._detector.open, must=options.vad is True)


def open_file(
    file: GgufFile,
    *,
    precision: str | None,
    engine: EngineName,
    threads: int | None,
    offline: bool | None,
    began: float,
    find_company: FindCompany | None = None,
) -> Model:
    """Load the model of an open model file, or of the folder for onnxruntime whose facts it holds.

    `began` is when loading began, by time.perf_counter; all else is as in `edge.load`.
    """
    if engine == "onnxruntime":
        from .engines.onnx import OnnxEngine

        folder = file.path.parent
        with read_folder(file) as facts:
            _check_precision(folder, facts, precision)
            onnx = OnnxEngine(folder, facts, threads=threads)
            load_s = time.perf_counter() - began
            return Model(facts, engine=onnx, load_s=load_s, offline=offline, find_company=find_company)
    with read_model(file) as model:
        _check_precision(file.path, model, precision)
        load_s = time.perf_counter() - began
        return Model(model, threads=threads, load_s=load_s, offline=offline, find_company=find_company)


def _check_precision(path: Path, file: ModelFile, precision: str | None) -> None:
    if precision not in (None, file.precision):
        raise UnsupportedModelError(f"{path}: expected precision {precision}, as was asked for, found {file.precision}")
