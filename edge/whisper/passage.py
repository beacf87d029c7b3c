"""Turns a window into segments, so that nothing that is spoken in it is passed over.

A text that is not believed is dropped, and where speech stands without text (`trust.coverage`), the next window begins
there: what follows is read once more, in a window of its own. Speech at the beginning of a window is read on its own,
up to a pause; where that gives no words either, they are missing, and a gap reports it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import islice

from ..gaps import Gap
from ..options import TranscribeOptions
from ..transcript.types import Alternative, Decoding, Segment
from .features import FRAMES_PER_SECOND
from .judge.corrector import Corrector
from .search.greedy import DecodedWindow
from .search.nbest import alternatives
from .segments import Span, decoding_of, split_window, unfinished_text
from .sound import Sound
from .tokens import Tokenizer
from .trust.confidence import token_probabilities
from .trust.coverage import LEAST_FRAMES, PAUSE_FRAMES, Stretch, first_unread, is_partly_spoken, loud_s
from .trust.doubts import LEAST_TOKENS_PER_SECOND
from .trust.evidence import Listener
from .trust.fillers import is_filler
from .window import Reading, WindowReader
from .words.pieces import group_words
from .words.times import WordTimer

_LOG = logging.getLogger("edge.whisper")

_BEGINNING_FRAMES = 50
"""Frames from the start of a window in which speech is not heard better by a window that begins with it."""

_LEAST_SHORTER_FRAMES = 30
"""Frames by which a part of a window must be shorter to be worth reading on its own."""

_USUAL_TOKENS_PER_SECOND, _TOKENS_PER_LOUD_SECOND = 2.5, 3.0
"""Tokens in a second, in all and where it is not silent, below which a text may leave out somebody who speaks after a
pause."""

_SPEECH_OF_WEAK_TEXT_S = 1.0
"""Speech that a guess or a filler must rest on where nothing was found at first: a cough or a sneeze is shorter."""

_DOUBT_S = 0.3
"""Seconds by which the end of a segment may be off."""

_SAME_WORDS_FRAMES = 100
"""Frames between words up to which they are one text."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The result of reading a window."""

    segments: tuple[Segment, ...]
    """Segments in order; their numbers are still to be given."""
    advance: int
    """Frames after which the next window begins."""
    gaps: tuple[Gap, ...] = ()
    """Speech in which no words were found."""
    unfinished: str = ""
    """Text of a segment that goes on in the next window, which reads it whole."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The result of a single look at a window."""

    segments: list[Segment]
    timed: list[Segment]
    """Segments again, with words where something may have been left out."""
    texts: list[Stretch]
    """Stretches of the window where their text stands."""
    advance: int
    unfinished: str = ""
    """Text of a segment that goes on in the next window."""
    is_placed: bool = False
    """Whether `texts` is where the words are heard, and not where the model's timestamps put them."""


class PassageReader:
    """A reader of windows into segments; `reader` and `timer` share a state."""

    def __init__(
        self,
        reader: WindowReader,
        tokenizer: Tokenizer,
        options: TranscribeOptions,
        listener: Listener | None,
        timer: WordTimer | None,
        corrector: Corrector | None = None,
    ) -> None:
        """Make a reader; `timer` places words in time, and is None where the model cannot.

        Without a `corrector` texts stay as they are read.
        """
        self._reader = reader
        self._tokenizer = tokenizer
        self._options = options
        self._listener = listener
        self._timer = timer
        self._corrector = corrector
        self._resumed_at = -1
        """Frame of the recording from which on a text was missing in the window read last."""

    def copy(self, reader: WindowReader) -> PassageReader:
        """Return a reader that goes on from here on its own, with a copy of the reader of windows."""
        twin = copy(self)
        twin._reader = reader
        return twin

    def read(self, sound: Sound, previous: Sequence[int] = ()) -> Passage:
        """Read a window; `previous` are the tokens of the text before it that the model is shown."""
        found = self._read(sound, previous, again=sound.seek == self._resumed_at)
        if self._listener is None:
            return Passage(tuple(found.segments), found.advance, unfinished=found.unfinished)
        others: list[Segment] = []
        gaps: list[Gap] = []
        done = 0
        while True:
            self._listener.turn_to(sound)
            unread = first_unread(sound, found.texts, done, min(found.advance, sound.n_frames), self._listener)
            if unread is not None and not found.is_placed and not others and not gaps:
                found = self._placed(found, sound)
                continue
            if unread is None:
                return Passage(_in_order([*others, *found.segments]), found.advance, tuple(gaps), found.unfinished)
            first, stop = unread
            at_s = (sound.seek + first) / FRAMES_PER_SECOND
            _LOG.info("somebody speaks from %.2f s on, and there is no text", at_s)
            if first > _BEGINNING_FRAMES:
                before = [self._cut(one, timed, at_s) for one, timed in zip(found.segments, found.timed, strict=True)]
                kept = [segment for segment in before if segment is not None]
                self._resumed_at = sound.seek + first
                return Passage(_in_order([*others, *kept]), first, tuple(gaps))
            inner = self._read_alone(sound, first, stop)
            others += inner.segments
            gaps += inner.gaps
            done = stop
            found = _begun_later(found)

    def _read_alone(self, sound: Sound, first: int, stop: int) -> Passage:
        """Read a stretch at the beginning of a window on its own; gives a gap where it is as long as the window."""
        segments: list[Segment] = []
        gaps: list[Gap] = []
        if stop - first > sound.n_frames - _LEAST_SHORTER_FRAMES:
            return Passage((), stop, (_gap(sound.seek + first, sound.seek + stop),))
        while stop - first >= LEAST_FRAMES:
            self._resumed_at = sound.seek + first
            passage = self.read(sound.part(first, stop))
            segments += passage.segments
            gaps += passage.gaps
            first += passage.advance
        return Passage(tuple(segments), stop, tuple(gaps))

    def _cut(self, segment: Segment, timed: Segment, at_s: float) -> Segment | None:
        """Give the part of a segment that is spoken before a time, by its words' times; None where there is no part."""
        words = [word for word in timed.words if word.start < at_s]
        goes_on = segment.end > at_s + _DOUBT_S
        if words and len(words) == len(timed.words) and goes_on:
            return replace(segment, start=min(segment.start, words[0].start), end=words[-1].end)
        if segment.start >= at_s:
            return None
        if not (goes_on and timed.words):
            return segment
        if not words:
            return None
        decoding = decoding_of(segment)
        tokens = [token for token in decoding.tokens if token < self._tokenizer.eot]
        written_in = "en" if self._options.task == "translate" else segment.language
        n_tokens = group_words(tokens, self._tokenizer, written_in)[len(words) - 1].stop
        places = [place for place, token in enumerate(decoding.tokens) if token < self._tokenizer.eot]
        n_kept = places[n_tokens - 1] + 1
        kept = decoding.tokens[:n_kept]
        return replace(
            segment,
            end=words[-1].end,
            text=self._tokenizer.decode(kept),
            words=tuple(words) if segment.words else (),
            decoding=replace(
                decoding, tokens=kept, token_probabilities=decoding.token_probabilities[:n_kept], alternatives=()
            ),
        )

    def _read(self, sound: Sound, previous: Sequence[int], *, again: bool) -> _Found:
        """Read a window's text as far as it is believed, and where it stands.

        A text that is read `again`, after nothing was found or believed there, needs stronger evidence.
        """
        if self._listener is not None:
            self._listener.turn_to(sound)
        reading = self._reader.read(sound, previous)
        decoded = reading.decoded
        segments: list[Segment] = []
        advance, unfinished = sound.n_frames, ""
        if self._is_believed(reading, sound, again=again):
            spans, advance = split_window(decoded.tokens, self._tokenizer, sound.n_frames)
            segments = list(self._segments(spans, decoded, sound))
            unfinished = unfinished_text(decoded.tokens, self._tokenizer)
        _LOG.debug(
            "window at %.2f s: %d tokens, avg_logprob %.2f, no_speech_prob %.2f, next at +%.2f s",
            *(sound.seek / FRAMES_PER_SECOND, len(decoded.tokens), decoded.avg_logprob),
            *(decoded.no_speech_prob, advance / FRAMES_PER_SECOND),
        )
        if not segments:
            return _Found([], [], [], advance)
        self._reader.settle_language()
        if self._corrector is not None and _is_sure(reading) and self._reader.language in (None, "en"):
            segments = self._corrector(segments, reading.prompt, sound)
        is_placed = self._options.word_timestamps or self._may_leave_out(segments, reading, sound)
        found = _Found(segments, segments, _texts(segments, sound.seek), advance, unfinished)
        return self._placed(found, sound) if is_placed else found

    def _placed(self, found: _Found, sound: Sound) -> _Found:
        """Place the words of segments in time, while the state holds the encoding in which they were found."""
        timed, segments = found.segments, found.segments
        if self._timer is not None and segments:
            timed = self._timer(segments, sound.raw[: min(sound.n_frames, found.advance)], self._reader.language)
        if self._options.word_timestamps:
            segments = timed
        return _Found(segments, timed, _texts(timed, sound.seek), found.advance, found.unfinished, is_placed=True)

    def _is_believed(self, reading: Reading, sound: Sound, *, again: bool) -> bool:
        if self._reader.is_silent(reading.decoded):
            return False
        if self._listener is None:
            return True
        if not self._listener.bears_out(reading.decoded):
            return False
        is_weak = reading.in_doubt or is_filler(reading.decoded.text)
        if again and is_weak and self._listener.heard_s(0, sound.n_frames / FRAMES_PER_SECOND) < _SPEECH_OF_WEAK_TEXT_S:
            return False
        # A text in doubt must not cover the pauses around speech: the speech is read on its own.
        return not (reading.in_doubt and is_partly_spoken(sound, self._listener))

    def _may_leave_out(self, segments: Sequence[Segment], reading: Reading, sound: Sound) -> bool:
        """Whether a segment may cover speech that is not in its text: the fewer words it has, the more likely."""
        if self._listener is None or not any(self._is_sparse(segment, sound) for segment in segments):
            return reading.has_loop
        return self._listener.speech() is not None

    def _is_sparse(self, segment: Segment, sound: Sound) -> bool:
        """Whether a segment has few words for its length, with a pause among them or hardly any words at all."""
        seconds = segment.end - segment.start
        n_tokens = sum(token < self._tokenizer.eot for token in decoding_of(segment).tokens)
        if n_tokens < LEAST_TOKENS_PER_SECOND * seconds:
            return True
        if n_tokens >= _USUAL_TOKENS_PER_SECOND * seconds:
            return False
        first, stop = (round(at * FRAMES_PER_SECOND) - sound.seek for at in (segment.start, segment.end))
        loud = loud_s(sound.part(max(first, 0), stop).samples, PAUSE_FRAMES / FRAMES_PER_SECOND)
        return loud is not None and n_tokens < _TOKENS_PER_LOUD_SECOND * loud

    def _segments(self, spans: Sequence[Span], decoded: DecodedWindow, sound: Sound) -> Iterator[Segment]:
        offset_s = sound.seek / FRAMES_PER_SECOND
        n_best = self._options.n_best
        readings: list[tuple[Alternative, ...]] = [()] * len(spans)
        if n_best > 1:
            readings = alternatives(decoded, spans, sound.n_frames, n_best, self._tokenizer)
        probabilities = iter(token_probabilities(decoded.token_logprobs, decoded.avg_logprob))
        for span, of_span in zip(spans, readings, strict=True):
            of_tokens = tuple(islice(probabilities, len(span.tokens)))
            text = self._tokenizer.decode(span.tokens)
            if span.start == span.end or not text.strip() or not self._is_said(span, decoded, sound):
                continue
            yield Segment(
                id=0,
                # A short last window is padded, and the model may put a timestamp into the padding.
                start=min(round(offset_s + span.start, 2), sound.end_s),
                end=min(round(offset_s + span.end, 2), sound.end_s),
                text=text,
                language=self._reader.language or "en",
                decoding=Decoding(
                    seek=sound.seek,
                    tokens=span.tokens,
                    temperature=decoded.temperature,
                    avg_logprob=decoded.avg_logprob,
                    compression_ratio=decoded.compression_ratio,
                    no_speech_prob=decoded.no_speech_prob,
                    token_probabilities=of_tokens,
                    alternatives=of_span,
                ),
            )

    def _is_said(self, span: Span, decoded: DecodedWindow, sound: Sound) -> bool:
        """Whether a segment begins before the audio's end and, where it is in doubt, near some speech."""
        if span.start >= sound.n_frames / FRAMES_PER_SECOND:
            return False
        if self._listener is None or not self._options.timestamps:
            return True
        return self._listener.bears_out_segment(span, decoded)


def _is_sure(reading: Reading) -> bool:
    """Whether a text comes whole from the search: it is no guess, no draw, and nothing of a loop."""
    return bool(reading.prompt) and not reading.has_loop and not reading.decoded.temperature


def _texts(segments: Sequence[Segment], seek: int) -> list[Stretch]:
    """Find where text stands in the window at frame `seek`: by the words, where their times are known."""
    texts: list[Stretch] = []
    for segment in segments:
        for said in segment.words or (segment,):
            first, stop = (round(at * FRAMES_PER_SECOND) - seek for at in (said.start, said.end))
            if texts and first - texts[-1][1] <= _SAME_WORDS_FRAMES:
                texts[-1] = texts[-1][0], max(stop, texts[-1][1])
            else:
                texts.append((first, stop))
    return texts


def _begun_later(found: _Found) -> _Found:
    """Let the first segment begin with its first word, since something else is spoken before."""
    if not found.segments:
        return found
    first, timed = found.segments[0], found.timed[0]
    if not first.start < timed.start < first.end:
        return found
    return replace(found, segments=[replace(first, start=timed.start), *found.segments[1:]])


def _in_order(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    return tuple(sorted(segments, key=lambda segment: segment.start))


def _gap(first: int, stop: int) -> Gap:
    start, end = first / FRAMES_PER_SECOND, stop / FRAMES_PER_SECOND
    return Gap(start, end, "it sounds like speech, but no words were found", "unread")
