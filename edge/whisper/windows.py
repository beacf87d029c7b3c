"""A recording of any length to a transcript, window by window, as openai-whisper's `transcribe` seeks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Protocol

from ..audio import SAMPLE_RATE_HZ, AudioSource
from ..features import FRAMES_PER_SECOND
from ..progress import Progress
from ..tokens import Tokenizer
from ..transcript import Alternative, Segment, Timing, Transcript
from .confidence import token_probabilities
from .decode import DecodedWindow
from .frames import FrameStream
from .nbest import alternatives
from .options import TranscribeOptions
from .protocol import Engine, FloatArray, State
from .read import WindowReader
from .rules import TokenRules
from .segments import Span, split_window
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
) -> Transcript:
    """Transcribe a recording with a state of the engine's; `on_segment` gets each segment as it is found.

    The state has room for `options.n_sequences`. `progress` is told seconds of audio. `load_s` is passed on into the
    result's timing.
    """
    began = time.perf_counter()
    with source:
        options.check_model(tokenizer)
        reader = WindowReader(engine, state, tokenizer, _rules(tokenizer, facts, options), options)
        total_s = round(source.duration_s or 0)
        segments: list[Segment] = []
        timer = WordTimer(state, tokenizer, options.task, facts.attention_lead) if options.word_timestamps else None
        run = _Run(reader, tokenizer, FrameStream(source, facts.mel_filters), options, timer)
        for found, n_frames_done in run.windows():
            segments += found
            if on_segment is not None:
                for segment in found:
                    on_segment(segment)
            if progress is not None:
                progress("transcribe", n_frames_done // FRAMES_PER_SECOND, total_s)
    return Transcript(
        text="".join(segment.text for segment in segments).strip(),
        language=run.language,
        segments=tuple(segments),
        duration=run.frames.n_samples / SAMPLE_RATE_HZ,
        timing=run.timing(load_s, time.perf_counter() - began),
        language_probabilities=reader.language_probabilities,
    )


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
    ) -> None:
        self.frames = frames
        self.language = options.language or "en"
        """Of the first window."""
        self._reader = reader
        self._tokenizer = tokenizer
        self._options = options
        self._word_timer = word_timer
        self._n_segments = 0
        self._previous: list[int] = []  # tokens of the text so far, to condition on

    def windows(self) -> Iterator[tuple[list[Segment], int]]:
        """The segments of each window, and how many frames of the recording are done."""
        n_window = self._reader.n_window
        seek = 0
        while True:
            raw = self.frames.window(seek, n_window)
            n_frames = min(n_window, self.frames.n_content - seek)
            if n_frames <= 0:
                return
            decoded = self._reader.read(raw, n_frames, seek, self._previous)
            if seek == 0:
                self.language = self._reader.language or "en"
            found: list[Segment] = []
            advance = n_frames
            if not self._reader.is_silent(decoded):
                spans, advance = split_window(decoded.tokens, self._tokenizer, n_frames)
                found = list(self._segments(spans, decoded, seek, n_frames))
                if self._word_timer is not None:
                    # The state still holds the encoding that the window's tokens were found in.
                    found = self._word_timer(found, raw[: min(n_frames, advance)], self._reader.language)
            if decoded.temperature > _MOST_TEMPERATURE:
                self._previous.clear()
            _LOG.debug(
                "window at %.2f s: %d tokens, avg_logprob %.2f, no_speech_prob %.2f, next at +%.2f s",
                *(seek / FRAMES_PER_SECOND, len(decoded.tokens), decoded.avg_logprob),
                *(decoded.no_speech_prob, advance / FRAMES_PER_SECOND),
            )
            seek += advance
            yield found, min(seek, self.frames.n_content)

    def timing(self, load_s: float, total_s: float) -> Timing:
        """Where the time went."""
        return Timing(
            load_s=load_s,
            audio_s=self.frames.audio_s,
            features_s=self.frames.features_s,
            encode_s=self._reader.encode_s,
            decode_s=self._reader.decode_s,
            words_s=self._word_timer.seconds if self._word_timer is not None else 0.0,
            total_s=total_s,
            n_windows=self._reader.n_windows,
            n_tokens=self._reader.n_tokens,
            n_second_looks=self._reader.n_second_looks,
            n_fallbacks=self._reader.n_fallbacks,
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
        for span, of_span in zip(spans, readings, strict=True):
            of_tokens = tuple(islice(probabilities, len(span.tokens)))
            text = self._tokenizer.decode(span.tokens)
            if span.start == span.end or not text.strip():
                continue
            if self._options.condition_on_previous_text:
                self._previous += span.tokens
            yield Segment(
                id=self._n_segments,
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
                language=self._reader.language or "en",
                alternatives=of_span,
            )
            self._n_segments += 1
