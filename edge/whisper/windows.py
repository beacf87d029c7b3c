"""A recording of any length to a transcript, window by window, as openai-whisper's `transcribe` seeks."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from ..audio import SAMPLE_RATE_HZ, AudioSource
from ..errors import OptionError
from ..features import FRAMES_PER_SECOND, window_features
from ..format.tail import clip_positions
from ..format.whisper import FRAMES_PER_POSITION
from ..progress import Progress
from ..tokens import Tokenizer
from ..transcript import Gap, Segment, Timing, Transcript
from .decode import DecodedWindow, GreedyDecoder, WindowDecoder, make_prompt
from .frames import FrameStream
from .guard import is_suspicious, without_loop
from .language import detect_language
from .options import TranscribeOptions
from .protocol import Engine, FloatArray, State
from .rules import TokenRules
from .segments import Span, split_window
from .speech import Listener, OpenVad, no_vad, speech_chunks

OnSegment = Callable[[Segment], None]

_LOG = logging.getLogger("edge.whisper")


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

    `progress` is told seconds of audio. `load_s` is passed on into the result's timing. `open_vad` gives the detector
    of speech. A window that fails becomes a gap; only where all fail, the last error is raised.
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
        gaps=tuple(run.gaps),
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
    decoder = _greedy(engine, tokenizer, facts, options)
    return _Run(engine, state, tokenizer, FrameStream(source, facts.mel_filters), options, decoder, open_vad)


def _greedy(engine: Engine, tokenizer: Tokenizer, facts: ModelFacts, options: TranscribeOptions) -> GreedyDecoder:
    suppress_tokens = options.suppress_tokens
    if suppress_tokens is None:
        suppress_tokens = facts.suppress_tokens or None  # a file without the list means openai-whisper's
    rules = TokenRules(
        tokenizer,
        suppress_tokens=suppress_tokens,
        suppress_begin=facts.suppress_begin or None,
        timestamps=options.timestamps,
        max_initial_timestamp=options.max_initial_timestamp,
    )
    return GreedyDecoder(tokenizer, rules, engine.dims.n_text_ctx, options.max_tokens)


class _Run:
    """One recording on its way through the windows."""

    def __init__(
        self,
        engine: Engine,
        state: State,
        tokenizer: Tokenizer,
        frames: FrameStream,
        options: TranscribeOptions,
        decoder: WindowDecoder,
        open_vad: OpenVad,
    ) -> None:
        self.frames = frames
        self.language = options.language
        self.gaps: list[Gap] = []
        self._dims = engine.dims
        self._state = state
        self._tail = engine.tail if options.context == "tail" else None
        self._tokenizer = tokenizer
        self._options = options
        self._decoder = decoder
        self._open_vad = open_vad
        self._listener = Listener(open_vad, options.vad_options.threshold, tokenizer) if options.vad else None
        self._n_segments = 0
        self._previous: list[int] = []  # tokens of the text so far, to condition on
        self._n_windows = self._n_tokens = self._n_second_looks = 0
        self._encode_s = self._decode_s = 0.0

    def windows(self) -> Iterator[tuple[list[Segment], int]]:
        """The segments of each window, and how many frames of the recording are done.

        Raises what a window raised, at the end, if there is nothing but gaps.
        """
        n_window = self._dims.n_audio_ctx * FRAMES_PER_POSITION
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
        decoded = without_loop(self._read(raw, n_frames, seek), self._tokenizer)
        found: list[Segment] = []
        advance = n_frames
        if not self._is_silent(decoded) and self._is_borne_out(decoded, n_frames, seek):
            spans, advance = split_window(decoded.tokens, self._tokenizer, n_frames)
            spans = [span for span in spans if self._is_said(span, n_frames, seek)]
            found = list(self._segments(spans, decoded, seek))
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

    def _read(self, raw: FloatArray, n_frames: int, seek: int) -> DecodedWindow:
        """Decode a window whose first `n_frames` are the recording's; in full if what the tail gives is in doubt."""
        n_window = self._dims.n_audio_ctx * FRAMES_PER_POSITION
        n_encoded = n_window
        if self._tail is not None:
            n_encoded = clip_positions(self._tail, n_frames, self._dims) * FRAMES_PER_POSITION
        decoded = self._decode(window_features(raw, n_encoded))
        if n_encoded == n_window or not is_suspicious(decoded, n_frames / FRAMES_PER_SECOND, self._tokenizer):
            return decoded
        if self._is_borne_out(without_loop(decoded, self._tokenizer), n_frames, seek):  # else no look makes it speech
            _LOG.info("in doubt about %r: decoding in full context", decoded.text)
            self._n_second_looks += 1
            decoded = self._decode(window_features(raw, n_window))
        return decoded

    def timing(self, load_s: float, total_s: float) -> Timing:
        """Where the time went."""
        return Timing(
            load_s=load_s,
            audio_s=self.frames.audio_s,
            features_s=self.frames.features_s,
            encode_s=self._encode_s,
            decode_s=self._decode_s,
            total_s=total_s,
            n_windows=self._n_windows,
            n_tokens=self._n_tokens,
            n_second_looks=self._n_second_looks,
        )

    def _decode(self, features: FloatArray) -> DecodedWindow:
        began = time.perf_counter()
        self._state.encode(features)
        encoded = time.perf_counter()
        if self.language is None and self._tokenizer.is_multilingual:
            probabilities = detect_language(self._state, self._tokenizer)
            self.language = next(iter(probabilities))
            _LOG.info("detected language %s (%.0f %%)", self.language, 100 * probabilities[self.language])
        prompt = make_prompt(
            self._tokenizer,
            self._dims.n_text_ctx,
            language=self.language,
            task=self._options.task,
            timestamps=self._options.timestamps,
            previous=self._previous,
        )
        decoded = self._decoder(self._state, prompt)
        self._encode_s += encoded - began
        self._decode_s += time.perf_counter() - encoded
        self._n_windows += 1
        self._n_tokens += len(decoded.tokens)
        return decoded

    def _is_silent(self, decoded: DecodedWindow) -> bool:
        options = self._options
        if options.no_speech_threshold is None or decoded.no_speech_prob <= options.no_speech_threshold:
            return False
        return options.logprob_threshold is None or decoded.avg_logprob <= options.logprob_threshold

    def _segments(self, spans: list[Span], decoded: DecodedWindow, seek: int) -> Iterator[Segment]:
        offset_s = seek / FRAMES_PER_SECOND
        # A short last window is padded, and the model may put a timestamp into the padding.
        read_s = self.frames.n_samples / SAMPLE_RATE_HZ
        for span in spans:
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
            )
            self._n_segments += 1
