"""A recording of any length to a transcript, window by window, as openai-whisper's `transcribe` seeks."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from ..audio import SAMPLE_RATE_HZ, AudioSource
from ..errors import OptionError
from ..features import FRAMES_PER_SECOND
from ..gaps import Gap
from ..progress import Progress
from ..tokens import Tokenizer
from ..transcript import Alternative, Segment, Timing, Transcript
from .confidence import token_probabilities
from .decode import DecodedWindow
from .frames import FrameStream
from .guard import without_loop
from .nbest import alternatives
from .options import TranscribeOptions
from .protocol import Engine, FloatArray, State
from .read import WindowReader
from .rules import TokenRules
from .segments import Span, split_window
from .speech import Listener, OpenVad, no_vad, speech_chunks
from .word_times import WordTimer

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
        language=run.language or "en",
        segments=tuple(segments),
        duration=run.frames.n_samples / SAMPLE_RATE_HZ,
        timing=run.timing(load_s, time.perf_counter() - began),
        language_probabilities=run.reader.language_probabilities,
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
    options.check_model(tokenizer)
    reader = WindowReader(engine, state, tokenizer, _rules(tokenizer, facts, options), options)
    timer = WordTimer(state, tokenizer, options.task, facts.attention_lead) if options.word_timestamps else None
    return _Run(reader, tokenizer, FrameStream(source, facts.mel_filters), options, timer, open_vad)


def _rules(tokenizer: Tokenizer, facts: ModelFacts, options: TranscribeOptions) -> TokenRules:
    suppress_tokens = options.suppress_tokens
    if suppress_tokens is None:
        suppress_tokens = facts.suppress_tokens or None  # a file without the list means openai-whisper's
    return TokenRules(
        tokenizer,
        suppress_tokens=suppress_tokens,
        suppress_begin=facts.suppress_begin or None,
        timestamps=options.timestamps,
        max_initial_timestamp=options.max_initial_timestamp,
    )


class _Run:
    """One recording on its way through the windows."""

    def __init__(
        self,
        reader: WindowReader,
        tokenizer: Tokenizer,
        frames: FrameStream,
        options: TranscribeOptions,
        word_timer: WordTimer | None,
        open_vad: OpenVad,
    ) -> None:
        self.reader = reader
        self.frames = frames
        self.language = options.language
        """Of the first window; None where there was none, or no choice."""
        self.gaps: list[Gap] = []
        self._tokenizer = tokenizer
        self._options = options
        self._word_timer = word_timer
        self._open_vad = open_vad
        self._listener = Listener(open_vad, options.vad_options.threshold, tokenizer) if options.vad else None
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
                raw = self.frames.window(seek, min(n_window, stop - seek))
                n_frames = min(n_window, min(stop, self.frames.n_content) - seek)
                if n_frames <= 0:
                    break
                try:
                    found, advance = self._window(raw, n_frames, seek)
                    n_read += 1
                except Exception as error:  # whatever it is, the other windows are not lost
                    found, advance, failure = [], n_frames, error
                    self._miss(seek, n_frames, error)
                seek += advance
                yield found, min(seek, self.frames.n_content)
        if failure is not None and not n_read:
            raise failure

    def _miss(self, seek: int, n_frames: int, error: Exception) -> None:
        """Note that a window failed."""
        gap = Gap(seek / FRAMES_PER_SECOND, (seek + n_frames) / FRAMES_PER_SECOND, f"{type(error).__name__}: {error}")
        _LOG.warning("what is said from %.1f to %.1f s is missing: %s", gap.start, gap.end, gap.reason)
        self.gaps.append(gap)

    def _stretches(self) -> Iterator[tuple[int, int]]:
        """Which frames to read, from … to: where somebody speaks, or all there are."""
        if self._options.vad is not True:
            return iter([(0, sys.maxsize)])
        vad = self._open_vad()
        if vad is None:
            raise OptionError("vad is True, but there is no detector; use vad=False, or load the model by edge.load")
        return speech_chunks(self.frames, vad, self._options.vad_options)

    def _window(self, raw: FloatArray, n_frames: int, seek: int) -> tuple[list[Segment], int]:
        """The segments of one window, and how many frames to advance."""

        def is_borne_out(found: DecodedWindow) -> bool:
            return self._is_borne_out(without_loop(found, self._tokenizer), n_frames, seek)

        decoded = self.reader.read(raw, n_frames, seek, self._previous, is_borne_out)
        decoded = without_loop(decoded, self._tokenizer)
        self.language = self.language or self.reader.language
        found: list[Segment] = []
        advance = n_frames
        if not self.reader.is_silent(decoded) and self._is_borne_out(decoded, n_frames, seek):
            spans, advance = split_window(decoded.tokens, self._tokenizer, n_frames)
            found = list(self._segments(spans, decoded, seek, n_frames))
            if self._word_timer is not None:
                # The state still holds the encoding that the window's tokens were found in.
                found = self._word_timer(found, raw[: min(n_frames, advance)], self.reader.language)
        self._n_segments += len(found)
        self._remember(found, decoded.temperature)
        _LOG.debug(
            "window at %.2f s: %d tokens, avg_logprob %.2f, no_speech_prob %.2f, next at +%.2f s",
            *(seek / FRAMES_PER_SECOND, len(decoded.tokens), decoded.avg_logprob),
            *(decoded.no_speech_prob, advance / FRAMES_PER_SECOND),
        )
        return found, advance

    def _is_borne_out(self, decoded: DecodedWindow, n_frames: int, seek: int) -> bool:
        return self._listener is None or self._listener.bears_out(decoded, self.frames.samples(n_frames), seek)

    def _is_said(self, span: Span, n_frames: int, seek: int) -> bool:
        """Whether a segment begins before the audio's end, and where it is in doubt, near some speech."""
        if span.start >= n_frames / FRAMES_PER_SECOND:
            return False
        if self._listener is None or not self._options.timestamps:
            return True
        return self._listener.bears_out_segment(span, self.frames.samples(n_frames), seek)

    def _remember(self, found: Sequence[Segment], temperature: float) -> None:
        """Keep the text to show to the next window, where that is asked for."""
        if temperature > _MOST_TEMPERATURE:
            self._previous.clear()
        elif self._options.condition_on_previous_text:
            for segment in found:
                self._previous += segment.tokens

    def timing(self, load_s: float, total_s: float) -> Timing:
        """Where the time went."""
        return Timing(
            load_s=load_s,
            audio_s=self.frames.audio_s,
            features_s=self.frames.features_s,
            encode_s=self.reader.encode_s,
            decode_s=self.reader.decode_s,
            words_s=self._word_timer.seconds if self._word_timer is not None else 0.0,
            total_s=total_s,
            n_windows=self.reader.n_windows,
            n_tokens=self.reader.n_tokens,
            n_second_looks=self.reader.n_second_looks,
            n_fallbacks=self.reader.n_fallbacks,
        )

    def _segments(self, spans: list[Span], decoded: DecodedWindow, seek: int, n_frames: int) -> Iterator[Segment]:
        offset_s = seek / FRAMES_PER_SECOND
        # A short last window is padded, and the model may put a timestamp into the padding.
        read_s = self.frames.n_samples / SAMPLE_RATE_HZ
        n_best = self._options.n_best
        readings: list[tuple[Alternative, ...]] = [()] * len(spans)
        if n_best > 1:
            readings = alternatives(decoded, spans, n_frames, n_best, self._tokenizer)
        probabilities = iter(token_probabilities(decoded.token_logprobs, decoded.avg_logprob))
        number = self._n_segments
        for span, of_span in zip(spans, readings, strict=True):
            of_tokens = tuple(islice(probabilities, len(span.tokens)))
            text = self._tokenizer.decode(span.tokens)
            if span.start == span.end or not text.strip() or not self._is_said(span, n_frames, seek):
                continue
            yield Segment(
                id=number,
                seek=seek,
                start=min(round(offset_s + span.start, 2), read_s),
                end=min(round(offset_s + span.end, 2), read_s),
                text=text,
                tokens=span.tokens,
                temperature=decoded.temperature,
                avg_logprob=decoded.avg_logprob,
                compression_ratio=decoded.compression_ratio,
                no_speech_prob=decoded.no_speech_prob,
                token_probabilities=of_tokens,
                language=self.reader.language or "en",
                alternatives=of_span,
            )
            number += 1
