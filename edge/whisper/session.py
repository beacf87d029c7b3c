"""Transcribes a recording that is pushed in block by block; windows follow each other as in openai-whisper.

Whatever the size of the pieces that come in, the work is done on the same blocks and windows, so that the same samples
give the same words and the same numbers to the last bit.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from types import TracebackType
from typing import Self

import numpy as np

from ..arrays import FloatArray
from ..audio.blocks import Blocks
from ..audio.levels import Levels
from ..audio.mono import SAMPLE_RATE_HZ
from ..audio.pieces import SoundPieces, pieces_of
from ..audio.source import check_samples
from ..errors import CancelledError, OptionError
from ..gaps import Gap
from ..listen.vad.chunks import SpeechChunks
from ..listen.vad.regions import Region
from ..options import TranscribeOptions
from ..transcript.events import End, Event, Final, Partial
from ..transcript.types import Segment, Timing
from .checks import check_options
from .engines.protocol import State
from .features import FRAMES_PER_SECOND, HOP_SAMPLES
from .frames import FrameBuffer
from .judge.corrector import Corrector
from .parts import Parts, rules_of
from .passage import Passage, PassageReader
from .segments import decoding_of
from .sound import Sound
from .trust.evidence import Listener, OpenVad, no_vad
from .window import WindowReader
from .words.times import WordTimer

_LOG = logging.getLogger("edge.whisper")

_BLOCK_SAMPLES = 256 * HOP_SAMPLES
"""Samples whose features are computed at once: 2.56 s, which is a whole number of the detector's frames as well."""

_MOST_TEMPERATURE = 0.5
"""Temperature above which a text is too free to be shown to the model as what came before; openai-whisper's bound."""

_NAME = "the sound of this session"


class WhisperSession:
    """A transcription of sound that comes in piece by piece (edge.session.Session).

    A window that fails becomes a gap; only if all fail, the last error is raised at the end.
    """

    def __init__(
        self,
        model: Parts,
        state: State,
        options: TranscribeOptions,
        open_vad: OpenVad = no_vad,
        corrector: Corrector | None = None,
        give_back: Callable[[], None] = lambda: None,
        cancel: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin; `state` has room for `options.n_sequences`, and `give_back` is called when the session has ended.

        `open_vad` gives the speech detector; a `corrector` works on the same state; `cancel` stops whoever works on it.
        """
        engine, tokenizer = model.engine, model.tokenizer
        check_options(options, tokenizer)
        self._options = options
        self._give_back: Callable[[], None] | None = give_back
        self._cancel = cancel
        self._blocks = Blocks(_BLOCK_SAMPLES)
        self._gaps: list[Gap] = []
        self._levels = Levels(SAMPLE_RATE_HZ, _NAME, self._gaps)
        self._frames = FrameBuffer(model.mel_filters)
        self._chunks = _speech_chunks(open_vad, options)
        # Frames [first, stop) to be read: where somebody speaks, or all of them.
        self._stretches = deque([(0, sys.maxsize)] if self._chunks is None else [])
        listener = Listener(open_vad, options.vad_options.threshold, tokenizer) if options.vad else None
        lead = model.attention_lead if engine.n_alignment_heads else 0
        self._timer = WordTimer(state, tokenizer, options.task, lead) if engine.n_alignment_heads else None
        self._reader = WindowReader(
            *(engine, state, tokenizer, rules_of(model, options), options),
            listener=listener,
            attention_lead=lead,
            look_ahead=self._look_ahead,
        )
        self._corrector = corrector
        self._passages = PassageReader(self._reader, tokenizer, options, listener, self._timer, corrector)
        self._language = options.language  # of the first text; None before it, where it is detected
        self._n_segments = self._n_read = 0
        self._failure: Exception | None = None
        self._previous: list[int] = []  # tokens of the text so far, to condition on
        self._peak = self._features_s = self._total_s = 0.0
        self._done = 0  # frames that have been read

    @property
    def done_s(self) -> float:
        """Seconds of the sound that have been read for words."""
        return min(self._done, self._frames.n_content) / FRAMES_PER_SECOND

    @property
    def quiet_s(self) -> float:
        """Seconds without speech at the end; 0, for a recording is not listened to as it comes."""
        return 0.0

    def feed(self, samples: FloatArray) -> list[Event]:
        """Take samples (n_samples,), mono at 16 kHz, of any number; gives what has been found by now.

        Raises:
            AudioError: they are not such samples.
            OptionError: the session has ended.
        """
        check_samples(samples, _NAME)
        with self._working():
            events = [event for block in self._blocks.feed(samples) for event in self._take(block)]
            self._reader.forget_drafts(self._done)
            return events

    def skip(self, gap: Gap) -> list[Event]:
        """Take silence in place of sound that is missing."""
        n_missing = max(0, round((gap.end - gap.start) * SAMPLE_RATE_HZ))
        return [gap, *self.feed(np.zeros(n_missing, np.float32))]

    def finish(self) -> list[Event]:
        """Take the end of the sound; gives the rest, the last of which is an `End`.

        Raises:
            OptionError: the session has ended.
            Exception: the last error of a window, where all failed.
        """
        with self._working():
            events = [event for block in self._blocks.finish() for event in self._take(block)]
            self._frames.finish()
            if self._chunks is not None:
                self._look_into(self._chunks.finish())
            events += self._read()
            self._levels.finish()
            if self._failure is not None and not self._n_read:
                raise self._failure
        self.close()
        return [*events, *self._gaps, self._end()]

    def listen(self, sound: SoundPieces) -> Iterator[Event]:
        """Yield the events of sound that comes in pieces, and of its end; a gap is filled with silence."""
        for piece in pieces_of(sound):
            yield from self.skip(piece) if isinstance(piece, Gap) else self.feed(piece)
        yield from self.finish()

    def ahead(self) -> list[Event]:
        """Return what `finish` would give if the sound ended here; the session goes on as if nobody had asked.

        What is read is a draft for the next call and for the end, which therefore take less time.

        Raises:
            OptionError: the session has ended, or it listens for speech first (`vad`), which cannot be tried out.
        """
        with self._working():
            return self._copy().finish()

    def close(self) -> None:
        """Give up the session; harmless after its end."""
        if self._give_back is not None:
            give_back, self._give_back = self._give_back, None
            give_back()

    def cancel(self) -> None:
        """Stop the work from another thread: the call that is on its way, or the next, raises CancelledError."""
        self._cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _copy(self) -> WhisperSession:
        """Return a session that goes on from here on its own, on the same state."""
        if self._chunks is not None:
            raise OptionError("vad is True; expected False or auto where a text is read before its end")
        twin = copy(self)
        twin._give_back = lambda: None
        twin._gaps = list(self._gaps)
        twin._blocks = self._blocks.copy()
        twin._levels = self._levels.copy(twin._gaps)
        twin._frames = self._frames.copy()
        twin._stretches = deque(self._stretches)
        twin._previous = list(self._previous)
        twin._reader = self._reader.copy(twin._look_ahead)
        twin._passages = self._passages.copy(twin._reader)
        return twin

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Count the time; after an error the session has ended, and its state is not used again."""
        if self._give_back is None:
            raise OptionError("the session has ended: begin another with model.session()")
        began = time.perf_counter()
        try:
            yield
        except BaseException:
            self._give_back = None
            raise
        self._total_s += time.perf_counter() - began

    def _take(self, block: FloatArray) -> list[Event]:
        """Take a block of the size in which all work is done, or the last one."""
        began = time.perf_counter()
        block = self._levels.feed(block[:, None])[:, 0]
        self._peak = max(self._peak, float(block.max()), -float(block.min()))
        self._frames.feed(block)
        self._features_s += time.perf_counter() - began
        if self._chunks is not None:
            self._look_into(self._chunks.feed(block))
        return self._read()

    def _look_into(self, chunks: Sequence[Region]) -> None:
        """Let chunks of speech, in samples, be read; what lies between them is not."""
        for chunk in chunks:
            self._stretches.append((chunk.start // HOP_SAMPLES, min(chunk.end // HOP_SAMPLES, self._frames.n_content)))

    def _read(self) -> list[Event]:
        """Read the windows that are whole by now, or that will not get longer."""
        events: list[Event] = []
        while (sound := self._next()) is not None:
            try:
                passage = self._passages.read(sound, self._previous)
                self._n_read += 1
            except CancelledError:
                raise
            except Exception as error:  # whatever it is, the other windows must not be lost
                passage, self._failure = Passage((), sound.n_frames, (_failed(sound, error),)), error
            self._done = sound.seek + passage.advance
            self._stretches[0] = self._done, self._stretches[0][1]
            self._frames.forget(self._done)
            events += self._events_of(passage)
            if passage.unfinished.strip():
                events.append(Partial(self._done / FRAMES_PER_SECOND, _end_s(sound), passage.unfinished))
        if self._chunks is not None and not self._stretches:
            self._frames.forget(self._chunks.settled // HOP_SAMPLES)
        return events

    def _next(self) -> Sound | None:
        """Give the window to be read next; None where more sound has to come, or nothing is left."""
        n_window = self._reader.n_window
        while self._stretches:
            seek, stop = self._stretches[0]
            n_frames = min(n_window, stop - seek)
            if not self._frames.reaches(seek + n_frames + (n_window if self._reader.may_look_ahead else 0)):
                return None
            sound = self._frames.window(seek, n_frames)
            if sound.n_frames:
                return sound
            self._stretches.popleft()
        return None

    def _look_ahead(self, sound: Sound) -> Sound | None:
        """Give what follows a window; None at the end."""
        ahead = self._frames.ahead(sound.seek + sound.n_frames, self._reader.n_window)
        return ahead if ahead.n_frames else None

    def _events_of(self, passage: Passage) -> list[Event]:
        """Turn a passage into events: its segments, numbered, and its gaps."""
        found = [replace(segment, id=self._n_segments + number) for number, segment in enumerate(passage.segments)]
        self._n_segments += len(found)
        if found:
            self._language = self._language or found[0].language
        self._remember(found)
        for gap in passage.gaps:
            _LOG.info("speech from %.1f to %.1f s is missing: %s", gap.start, gap.end, gap.reason)
        return [*map(Final, found), *passage.gaps]

    def _remember(self, found: Sequence[Segment]) -> None:
        """Keep the text to show to the next window, where that is asked for."""
        for segment in found:
            decoding = decoding_of(segment)
            if decoding.temperature > _MOST_TEMPERATURE:
                self._previous.clear()
            elif self._options.condition_on_previous_text:
                self._previous += decoding.tokens

    def _end(self) -> End:
        reader = self._reader
        return End(
            language=self._language or reader.language or "en",
            duration=self._frames.n_samples / SAMPLE_RATE_HZ,
            timing=Timing(
                features_s=self._features_s,
                encode_s=reader.encode_s,
                decode_s=reader.decode_s,
                correct_s=self._corrector.seconds if self._corrector is not None else 0.0,
                words_s=self._timer.seconds if self._timer is not None else 0.0,
                total_s=self._total_s,
                n_windows=reader.n_windows,
                n_tokens=reader.n_tokens,
                n_second_looks=reader.n_second_looks,
                n_fallbacks=reader.n_fallbacks,
            ),
            language_probabilities=reader.language_probabilities,
            peak=self._peak,
            notes=self._corrector.notes if self._corrector is not None else (),
        )


def _speech_chunks(open_vad: OpenVad, options: TranscribeOptions) -> SpeechChunks | None:
    """Make the finder of the speech to read, where nothing else is to be read."""
    if options.vad is not True:
        return None
    vad = open_vad()
    if vad is None:
        raise OptionError("vad is True, but there is no detector; use vad=False, or load the model with edge.load")
    return SpeechChunks(vad, options.vad_options)


def _end_s(sound: Sound) -> float:
    return (sound.seek + sound.n_frames) / FRAMES_PER_SECOND


def _failed(sound: Sound, error: Exception) -> Gap:
    """Report a window that could not be read."""
    return Gap(sound.seek / FRAMES_PER_SECOND, _end_s(sound), f"{type(error).__name__}: {error}")
