"""A live session: sound goes in as it is heard, text of three grades comes out.

While somebody speaks, the turn is read again and again; what is read is a `Partial`, and its words become `Stable` as
evidence for them grows. In a pause the turn is read as a recording of its own, so that its text is there when the pause
is long enough for an end: that is `Final`, and the same to the last bit as the transcript of the same samples.

What is final hangs on the samples alone, not on the size of the pieces or on how fast this machine is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from types import TracebackType
from typing import Self

import numpy as np

from ..arrays import FloatArray
from ..audio.levels import Levels
from ..audio.mono import SAMPLE_RATE_HZ
from ..audio.pieces import SoundPieces, pieces_of
from ..audio.source import check_samples
from ..errors import OptionError
from ..gaps import Gap
from ..listen.vad.silero import SileroVad
from ..options import LEAST_LOGPROB
from ..transcript.events import End, Event, Final, Silence, Speech
from ..transcript.types import Decoding, Timing
from .evidence import Weights
from .finals import OpenSession, Span, text_of
from .hearing import Hearing
from .joint import BEFORE_S, BEHIND_S, with_capitals_of, with_signs_of, word_behind
from .options import LiveOptions
from .pace import Pace
from .passes import PassReader
from .reading import TurnReading
from .sound import HeldSound
from .turns import Turn, TurnFinder

OpenReader = Callable[[str | None], PassReader]
"""Function that begins to read a turn in a language; None where it is to be detected."""

_NAME = "the sound of this session"
_PAUSE_S = 0.7
"""Seconds of silence that divide turns where the endpoint is the end of the sound."""
_SETTLED_S = 0.3
"""Seconds of silence after which words that were read in it are stable."""
_UNFINISHED = 1.5
"""Factor by which an end waits longer after a text that does not look finished."""
_FINISHED = tuple(".?!。？！")  # noqa: RUF001
_KEPT_SAMPLES = SAMPLE_RATE_HZ
"""Samples that are kept while nobody speaks: the beginning of a turn is heard before it is known."""
_LONGEST_WAIT_SAMPLES = 5 * SAMPLE_RATE_HZ
"""Samples of silence after which a text that was read in a pause is read again with them, should it all end."""
_FRAMES_IN_SILENCE = 3
"""Frames that are listened to at once while nobody speaks: a tenth of a second."""
_NOTHING = np.zeros(0, np.float32)
_LEAST_S = 0.3
"""Seconds of a turn below which it is not worth reading."""


class LiveSession:
    """A transcription of live sound (edge.session.Session); it starts no threads, and belongs to one at a time."""

    def __init__(
        self,
        finals: OpenSession,
        readers: OpenReader,
        vad: SileroVad,
        options: LiveOptions,
        weights: Weights,
        *,
        language: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin; `finals` reads what is final, and `readers` what is not yet.

        `language` is the one spoken; None detects it where speech is, keeps it, and detects it again after doubt.
        """
        self._open_final, self._open_reader = finals, readers
        self._vad = vad
        self._options = options
        self._weights = weights
        self._given_language = self._language = language
        self._clock = clock
        self._pace = Pace(options.interval, options.cpu_share, clock)
        self._gaps: list[Gap] = []
        self._levels = Levels(SAMPLE_RATE_HZ, _NAME, self._gaps)
        self._n_segments = 0
        self._peak = self._total_s = 0.0
        self._timing = Timing()
        self._notes: dict[str, None] = {}
        self._ended = False
        self._begin(0)

    def _begin(self, at: int) -> None:
        """Begin to listen to what comes from sample `at` of the stream on."""
        self._origin = at  # sample that the detector heard first
        self._sound = HeldSound(at)
        self._hearing = Hearing(self._vad)
        endpoint = self._options.endpoint
        self._endpoint_s = _PAUSE_S if endpoint is None else float(endpoint)
        self._turns = TurnFinder(self._endpoint_s)
        self._turn: TurnReading | None = None
        self._span = self._new_span(at) if endpoint is None else None
        self._ahead: list[Event] | None = None  # what is final if nobody goes on after the pause
        self._is_settled = False
        self._opening = ""  # first word of the turn, as it was read over the cut before it
        self._before: list[str] = []  # stable words of earlier turns that are not final yet

    @property
    def done_s(self) -> float:
        """Seconds of the sound that have been taken."""
        return self._sound.stop / SAMPLE_RATE_HZ

    @property
    def quiet_s(self) -> float:
        """Seconds since somebody last spoke; 0 while somebody does, and before anybody has."""
        return self._turns.silence_s

    @property
    def lag_s(self) -> float:
        """Seconds of the turn that have not been read yet; 0 while nobody speaks."""
        return 0.0 if self._turn is None else (self._sound.stop - self._turn.read) / SAMPLE_RATE_HZ

    def feed(self, samples: FloatArray) -> list[Event]:
        """Take samples (n_samples,), mono at 16 kHz, of any number; gives what has been found by now.

        Raises:
            AudioError: they are not such samples.
            OptionError: the session has ended.
        """
        check_samples(samples, _NAME)
        with self._working():
            if not len(samples):
                return []
            block = self._levels.feed(np.asarray(samples, np.float32)[:, None])[:, 0].copy()
            self._peak = max(self._peak, float(block.max()), -float(block.min()))
            self._sound.append(block)
            events = self._hear(block, at_least=_FRAMES_IN_SILENCE if self._turn is None else 1)
            if self._span is not None and self._options.endpoint is None and not self._waits():
                events += self._feed_span(self._sound.stop)
            events += self._look()
            self._forget()
            return events

    def skip(self, gap: Gap) -> list[Event]:
        """Take note that sound is missing: what was said before is final, and what comes is `gap` later."""
        with self._working():
            events = [*self._hear(_NOTHING), *self._finish_turn(), gap]
            self._begin(self._sound.stop + max(0, round((gap.end - gap.start) * SAMPLE_RATE_HZ)))
            return events

    def ahead(self) -> list[Event]:
        """Return what would be final if the sound ended here; the session goes on as if nobody had asked."""
        with self._working():
            if self._ahead is not None:
                return list(self._ahead)
            if self._span is None:
                return []
            return self._feed_span(self._sound.stop) + self._span.ahead()

    def finish(self) -> list[Event]:
        """Take the end of the sound; gives the rest, the last of which is an `End`.

        Raises:
            OptionError: the session has ended.
        """
        with self._working():
            events = [*self._hear(_NOTHING), *self._finish_turn()]
            self._levels.finish()
            self._ended = True
        end = End(
            language=self._language or "en",
            duration=self._sound.stop / SAMPLE_RATE_HZ,
            timing=replace(self._timing, total_s=self._total_s),
            peak=self._peak,
            notes=tuple(self._notes),
        )
        return [*events, *self._gaps, end]

    def listen(self, sound: SoundPieces) -> Iterator[Event]:
        """Yield the events of sound that comes in pieces, such as from a microphone, and of its end."""
        for piece in pieces_of(sound):
            yield from self.skip(piece) if isinstance(piece, Gap) else self.feed(piece)
        yield from self.finish()

    def close(self) -> None:
        """Give up the session; harmless after its end."""
        self._ended = True
        if self._turn is not None:
            self._turn.close()
        if self._span is not None:
            self._span.close()
        self._turn = self._span = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _working(self) -> Iterator[None]:
        if self._ended:
            raise OptionError("the session has ended: begin another with model.session()")
        began = time.perf_counter()
        try:
            yield
        except BaseException:
            # What the reader of the turn uses may be anywhere now: it is dropped, not given back.
            self._ended, self._turn = True, None
            raise
        self._total_s += time.perf_counter() - began

    def _hear(self, samples: FloatArray, *, at_least: int = 1) -> list[Event]:
        """Listen to samples, and do what is to be done about what is heard."""
        return [
            event
            for frame in self._hearing.feed(samples, at_least=at_least)
            for turn in self._turns.step(frame)
            for event in self._follow(turn)
        ]

    def _follow(self, turn: Turn) -> list[Event]:
        """Do what an event in the turns of speech asks for."""
        at = self._origin + turn.at
        if turn.kind == "begin":
            return self._begin_turn(at)
        if turn.kind == "pause":
            return self._read_ahead(at)
        if turn.kind == "resume":
            self._ahead, self._is_settled = None, False
            return []
        return self._end_turn(at) if turn.kind == "end" else self._cut_turn(at)

    def _begin_turn(self, at: int) -> list[Event]:
        self._ahead = None
        self._turn = TurnReading(self._open_reader(self._language), at, self._options.stable, self._weights)
        if self._span is None:
            self._span = self._new_span(at)
        return [Speech(at / SAMPLE_RATE_HZ)]

    def _read_ahead(self, at: int) -> list[Event]:
        """Read the turn in a pause, as if it were over."""
        events = self._feed_span(at)
        with self._pace.reading():
            self._ahead = self._the_span.ahead()
        if self._options.endpoint is not None:
            finished = text_of(self._ahead).rstrip().endswith(_FINISHED)
            self._turns.endpoint_s = self._endpoint_s * (1 if finished else _UNFINISHED)
        return events

    def _end_turn(self, at: int) -> list[Event]:
        """End the turn: what was read in the pause is final."""
        events = self._settle(ended=True)
        stable = self._the_turn.stable
        self._close_turn()
        if self._options.endpoint is None:
            self._before += stable
            return events
        ahead, self._ahead = self._ahead or [], None
        events += self._final(with_capitals_of(ahead, self._opening))
        self._opening = ""
        stop = self._the_span.stop
        self._close_span()
        return [*events, Silence(stop / SAMPLE_RATE_HZ)]

    def _cut_turn(self, at: int) -> list[Event]:
        """Cut a long turn; what follows is read as a turn of its own."""
        turn = self._the_turn
        events, self._turn = turn.cut(at, self._open_reader(self._language))
        if self._options.endpoint is None:
            self._before += turn.stable
            return [*events, Speech(at / SAMPLE_RATE_HZ)]
        seconds = at / SAMPLE_RATE_HZ
        self._close_span()
        self._span = self._new_span(turn.start)
        events += self._span.feed(self._sound.between(turn.start, at))
        with self._pace.reading():
            found = with_capitals_of(self._span.finish(), self._opening)
            found, self._opening = self._over_the_joint(found, at)
        events += self._final(found)
        self._close_span()
        self._span = self._new_span(at)
        return [*events, Silence(seconds), Speech(seconds)]

    def _over_the_joint(self, before: list[Event], at: int) -> tuple[list[Event], str]:
        """Read over a cut; gives what is final before it with the sign that is there, and the word behind it."""
        last = text_of(before).split()[-1:]
        first = max(self._the_span.start, at - round(BEFORE_S * SAMPLE_RATE_HZ))
        stop = min(self._sound.stop, at + round(BEHIND_S * SAMPLE_RATE_HZ))
        if not last:
            return before, ""
        joint = self._new_span(first)
        read = text_of([*joint.feed(self._sound.between(first, stop)), *joint.finish()])
        joint.close()
        found = word_behind(last[0], read, (at - first) / (stop - first))
        return (with_signs_of(before, found[0]), found[1]) if found else (before, "")

    def _waits(self) -> bool:
        """Whether what was read in the last pause may still be the end of it all."""
        n_silent = self._sound.stop - self._the_span.stop
        return self._ahead is not None and n_silent < _LONGEST_WAIT_SAMPLES

    def _look(self) -> list[Event]:
        """Read the turn as far as it is known, if that is due; in a pause what was read in it becomes stable."""
        turn = self._turn
        if turn is None:
            return []
        if self._sound.stop > turn.fed:
            turn.feed(self._sound.between(turn.fed, self._sound.stop))
        if self._ahead is not None:
            is_settled = self._options.stable == "quick" and self._turns.silence_s >= _SETTLED_S
            return self._settle(ended=False) if is_settled else []
        is_long = turn.fed - turn.start >= _LEAST_S * SAMPLE_RATE_HZ
        if not is_long or not self._pace.is_due((turn.fed - turn.read) / SAMPLE_RATE_HZ):
            return []
        with self._pace.reading():
            return turn.look(self._heard_s(turn))

    def _heard_s(self, turn: TurnReading) -> float:
        """Count the seconds of a turn that sound like speech."""
        return self._turns.heard_s(turn.start - self._origin)

    def _settle(self, *, ended: bool) -> list[Event]:
        """Make the words that were read in a pause stable, once."""
        if self._turn is None or (self._is_settled and not ended):
            return []
        self._is_settled = True
        return self._turn.settle(text_of(self._ahead or ()), ended=ended, before=self._before)

    def _finish_turn(self) -> list[Event]:
        """End what is being said, for no more sound follows."""
        events: list[Event] = []
        if self._span is not None:
            is_whole = self._options.endpoint is None and not (self._options.trim and self._waits())
            if self._ahead is None or is_whole:
                events = self._feed_span(self._sound.stop)
                self._ahead = self._the_span.finish()
            events += self._settle(ended=True)
            events += self._final(with_capitals_of(self._ahead, self._opening))
        self._opening = ""
        self._close_turn()
        self._close_span()
        self._ahead = None
        return events

    def _feed_span(self, stop: int) -> list[Event]:
        span = self._the_span
        return self._final(span.feed(self._sound.between(span.stop, stop))) if stop > span.stop else []

    def _final(self, events: Iterable[Event]) -> list[Event]:
        """Give the segments of what is final their numbers, and learn the language from them."""
        found: list[Event] = []
        for event in events:
            if isinstance(event, Final):
                self._before = []
                segment = replace(event.segment, id=self._n_segments)
                self._n_segments += 1
                if self._given_language is None:
                    self._language = None if _is_doubtful(segment.decoding) else segment.language
                found.append(Final(segment))
            else:
                found.append(event)
        return found

    def _new_span(self, at: int) -> Span:
        return Span(self._open_final, at, self._language)

    @property
    def _the_span(self) -> Span:
        assert self._span is not None
        return self._span

    @property
    def _the_turn(self) -> TurnReading:
        assert self._turn is not None
        return self._turn

    def _close_turn(self) -> None:
        if self._turn is not None:
            self._turn.close()
        self._turn, self._is_settled = None, False

    def _close_span(self) -> None:
        if self._span is not None:
            self._span.close()
            if self._span.end is not None:
                self._timing = _sum(self._timing, self._span.end.timing)
                self._notes |= dict.fromkeys(self._span.end.notes)
        self._span = None

    def _forget(self) -> None:
        """Forget the sound that nobody will ask for again."""
        keep = self._sound.stop - _KEPT_SAMPLES
        if self._turn is not None:
            keep = min(keep, self._turn.start)
        if self._span is not None:
            keep = min(keep, self._span.stop if self._options.endpoint is None else self._span.start)
        self._sound.forget(keep)


def _is_doubtful(decoding: Decoding | None) -> bool:
    return decoding is not None and decoding.avg_logprob < LEAST_LOGPROB


def _sum(one: Timing, other: Timing) -> Timing:
    """Add times and counts."""
    return Timing(**{each.name: getattr(one, each.name) + getattr(other, each.name) for each in fields(Timing)})
