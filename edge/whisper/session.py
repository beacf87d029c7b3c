"""A recording of any length to a transcript, window by window, as openai-whisper's `transcribe` seeks."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from ..arrays import FloatArray
from ..audio import SAMPLE_RATE_HZ, AudioSource
from ..errors import OptionError
from ..gaps import Gap
from ..options import TranscribeOptions
from ..progress import Progress
from ..transcript.transcript import Transcript
from ..transcript.types import Segment, Timing
from .checks import check_options
from .engines.protocol import Engine, State
from .features import FRAMES_PER_SECOND
from .frames import FrameStream
from .passage import Passage, PassageReader
from .search.rules import TokenRules
from .sound import Sound
from .tokens import Tokenizer, default_suppress_tokens
from .trust.evidence import Listener, OpenVad, no_vad, speech_chunks
from .window import WindowReader
from .words.times import WordTimer

OnSegment = Callable[[Segment], None]

_LOG = logging.getLogger("edge.whisper")

_MOST_TEMPERATURE = 0.5
"""A text drawn at a higher one is too free to be shown to the model as what came before; openai-whisper's bound."""


class ModelFacts(Protocol):
    """What decoding reads from a model file, besides the engine made of it."""

    @property
    def mel_filters(self) -> FloatArray:
        """Mel filter bank, (n_mels, n_bins)."""
        ...

    @property
    def suppress_tokens(self) -> tuple[int, ...]:
        """Tokens that are never sampled; empty for openai-whisper's own list."""
        ...

    @property
    def suppress_begin(self) -> tuple[int, ...]:
        """Tokens that are not sampled first; empty for openai-whisper's own list."""
        ...

    @property
    def attention_lead(self) -> int:
        """By how many positions the attention of its alignment heads is ahead of the speech."""
        ...


def transcribe(
    engine: Engine,
    state: State,
    tokenizer: Tokenizer,
    facts: ModelFacts,
    source: AudioSource,
    options: TranscribeOptions,
    *,
    on_segment: OnSegment | None = None,
    progress: Progress | None = None,
    load_s: float = 0.0,
    open_vad: OpenVad = no_vad,
) -> Transcript:
    """Transcribe a recording with a state of the engine's; `on_segment` gets each segment as it is found.

    The state has room for `options.n_sequences`. `progress` is told seconds of audio. `load_s` is passed on into the
    result's timing. `open_vad` gives the detector of speech. A window that fails becomes a gap; only where all fail,
    the last error is raised.
    """
    began = time.perf_counter()
    with source:
        run = _start(engine, state, tokenizer, facts, source, options, open_vad)
        total_s = round(source.duration_s or 0)
        segments: list[Segment] = []
        for found, n_frames_done in run.windows():
            segments += found
            if on_segment is not None:
                for segment in found:
                    on_segment(segment)
            if progress is not None:
                progress("transcribe", n_frames_done // FRAMES_PER_SECOND, total_s)
    return Transcript(
        text="".join(segment.text for segment in segments).strip(),
        language=run.language or run.reader.language or "en",
        segments=tuple(segments),
        duration=run.frames.n_samples / SAMPLE_RATE_HZ,
        timing=run.timing(load_s, time.perf_counter() - began),
        language_probabilities=run.reader.language_probabilities,
        peak=source.peak,
        gaps=tuple(sorted([*source.gaps, *run.gaps], key=lambda gap: (gap.start, gap.end))),
    )


def stream_segments(
    engine: Engine,
    state: State,
    tokenizer: Tokenizer,
    facts: ModelFacts,
    source: AudioSource,
    options: TranscribeOptions,
    open_vad: OpenVad = no_vad,
) -> Iterator[Segment]:
    """The segments of `transcribe`, each as soon as its window is read; the recording is read as they are taken."""
    with source:
        for found, _ in _start(engine, state, tokenizer, facts, source, options, open_vad).windows():
            yield from found


def _start(
    engine: Engine,
    state: State,
    tokenizer: Tokenizer,
    facts: ModelFacts,
    source: AudioSource,
    options: TranscribeOptions,
    open_vad: OpenVad,
) -> _Run:
    check_options(options, tokenizer)
    return _Run(engine, state, tokenizer, facts, FrameStream(source, facts.mel_filters), options, open_vad)


def _rules(tokenizer: Tokenizer, facts: ModelFacts, options: TranscribeOptions) -> TokenRules:
    return TokenRules(
        tokenizer,
        # A file without the list means openai-whisper's.
        suppress_tokens=options.suppressed(facts.suppress_tokens or default_suppress_tokens(tokenizer)),
        suppress_begin=facts.suppress_begin or None,
        timestamps=options.timestamps,
        max_initial_timestamp=options.max_initial_timestamp,
    )


class _Run:
    """One recording on its way through the windows."""

    def __init__(
        self,
        engine: Engine,
        state: State,
        tokenizer: Tokenizer,
        facts: ModelFacts,
        frames: FrameStream,
        options: TranscribeOptions,
        open_vad: OpenVad,
    ) -> None:
        self.frames = frames
        self.language = options.language
        """Of the first text; None where there was none, or no choice."""
        self.gaps: list[Gap] = []
        self._options = options
        self._open_vad = open_vad
        listener = Listener(open_vad, options.vad_options.threshold, tokenizer) if options.vad else None
        lead = facts.attention_lead if engine.n_alignment_heads else 0
        self._timer = WordTimer(state, tokenizer, options.task, lead) if engine.n_alignment_heads else None
        rules = _rules(tokenizer, facts, options)
        self.reader = WindowReader(
            *(engine, state, tokenizer, rules, options),
            listener=listener,
            attention_lead=lead,
            look_ahead=self._look_ahead,
        )
        self._passages = PassageReader(self.reader, tokenizer, options, listener, self._timer)
        self._n_segments = 0
        self._previous: list[int] = []  # tokens of the text so far, to condition on

    def windows(self) -> Iterator[tuple[list[Segment], int]]:
        """The segments of each window, and how many frames of the recording are done.

        Raises what a window raised, at the end, if there is nothing but gaps.
        """
        n_window = self.reader.n_window
        n_read, failure = 0, None
        for seek, stop in self._stretches():
            while True:
                sound = self.frames.window(seek, min(n_window, stop - seek))
                if not sound.n_frames:
                    break
                try:
                    passage = self._passages.read(sound, self._previous)
                    n_read += 1
                except Exception as error:  # whatever it is, the other windows are not lost
                    passage, failure = Passage((), sound.n_frames, (_failed(sound, error),)), error
                seek += passage.advance
                yield self._take(passage), min(seek, self.frames.n_content)
        if failure is not None and not n_read:
            raise failure

    def _take(self, passage: Passage) -> list[Segment]:
        """The segments of a passage, numbered; what is missing is noted and said."""
        for gap in passage.gaps:
            _LOG.info("what is said from %.1f to %.1f s is missing: %s", gap.start, gap.end, gap.reason)
        self.gaps += passage.gaps
        found = [replace(segment, id=self._n_segments + number) for number, segment in enumerate(passage.segments)]
        self._n_segments += len(found)
        if found:
            self.language = self.language or found[0].language
        self._remember(found)
        return found

    def _look_ahead(self, sound: Sound) -> Sound | None:
        """What follows a window; None at the end."""
        ahead = self.frames.ahead(sound.seek + sound.n_frames, self.reader.n_window)
        return ahead if ahead.n_frames else None

    def _stretches(self) -> Iterator[tuple[int, int]]:
        """Which frames to read, from … to: where somebody speaks, or all there are."""
        if self._options.vad is not True:
            return iter([(0, sys.maxsize)])
        vad = self._open_vad()
        if vad is None:
            raise OptionError("vad is True, but there is no detector; use vad=False, or load the model by edge.load")
        return speech_chunks(self.frames, vad, self._options.vad_options)

    def _remember(self, found: Sequence[Segment]) -> None:
        """Keep the text to show to the next window, where that is asked for."""
        for segment in found:
            if segment.temperature > _MOST_TEMPERATURE:
                self._previous.clear()
            elif self._options.condition_on_previous_text:
                self._previous += segment.tokens

    def timing(self, load_s: float, total_s: float) -> Timing:
        """Where the time went."""
        return Timing(
            load_s=load_s,
            audio_s=self.frames.audio_s,
            features_s=self.frames.features_s,
            encode_s=self.reader.encode_s,
            decode_s=self.reader.decode_s,
            words_s=self._timer.seconds if self._timer is not None else 0.0,
            total_s=total_s,
            n_windows=self.reader.n_windows,
            n_tokens=self.reader.n_tokens,
            n_second_looks=self.reader.n_second_looks,
            n_fallbacks=self.reader.n_fallbacks,
        )


def _failed(sound: Sound, error: Exception) -> Gap:
    """A window that could not be read."""
    start, end = sound.seek / FRAMES_PER_SECOND, (sound.seek + sound.n_frames) / FRAMES_PER_SECOND
    return Gap(start, end, f"{type(error).__name__}: {error}")
