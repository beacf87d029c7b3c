"""Reads the sections between the pauses of a recording several at a time, and gives what is found in order.

Each section is read as a recording of its own, in a thread of its own. Where the language is to be found, a section
waits until one before it has told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields, replace
from queue import Full, Queue, SimpleQueue
from threading import Event as Signal
from types import TracebackType
from typing import Protocol, Self

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from ..errors import CancelledError
from ..gaps import Gap
from ..listen.pauses import PauseCutter
from ..session import Reader
from ..transcript.events import End, Event, Final, Partial
from ..transcript.types import Segment, Timing
from .features import FRAMES_PER_SECOND


class Part(Reader, Protocol):
    """A reader of one section."""

    def cancel(self) -> None:
        """Stop the work from another thread: the call that is on its way, or the next, raises CancelledError."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


Begin = Callable[[str | None], Part]
"""Function that begins to read a section in a language; None detects it."""

_MOST_PIECES = 2
"""Pieces of a section that wait to be read, each of up to a minute."""


class ParallelSession:
    """A transcription of sound that is fed to it, in sections that are read at the same time."""

    def __init__(
        self,
        begin: Begin,
        cutter: PauseCutter,
        n_at_once: int,
        language: str | None,
        *,
        finds_language: bool,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin; `finds_language` tells whether the first text settles the language, and `close` is called at the end.

        At most `n_at_once` sections are read at the same time.
        """
        self._begin = begin
        self._cutter = cutter
        self._language = language
        self._finds_language = finds_language
        self._close: Callable[[], None] | None = close
        self._n_at_once = n_at_once
        self._pool = ThreadPoolExecutor(n_at_once, thread_name_prefix="edgewise-section")
        self._open: _Section | None = None  # the section that still gets samples
        self._sections: deque[_Section] = deque()  # those of which not all was given yet
        self._last: _Section | None = None
        self._n_samples = self._n_segments = self._n_sections = 0
        self._said_in: str | None = None  # language of the first text
        self._failures: list[Exception] = []
        self._ends: list[End] = []
        self.done_s = 0.0
        """Seconds of the sound of which all was given."""

    def feed(self, samples: FloatArray) -> list[Event]:
        """Take samples (n_samples,), mono at 16 kHz, of any number; gives what comes next, as far as it is found."""
        events: list[Event] = []
        for piece in self._cutter.feed(samples):
            self._put(piece.samples, is_last=piece.is_last)
            events += self._take(n_left=self._n_at_once)
        return [*events, *self._take()]

    def finish(self) -> list[Event]:
        """Take the end of the sound; gives the rest, the last of which is an `End`.

        Raises:
            Exception: the last error of a section, where all failed.
        """
        for piece in self._cutter.finish():
            self._put(piece.samples, is_last=piece.is_last)
        events = self._take(n_left=0)
        self.close()
        if self._failures and len(self._failures) == self._n_sections:
            raise self._failures[-1]
        return [*events, self._end()]

    def close(self) -> None:
        """Stop what is being read; harmless after the end."""
        if self._close is not None:
            close, self._close = self._close, None
            for section in self._sections:
                section.cancel()
            self._pool.shutdown(cancel_futures=True)
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, samples: FloatArray, *, is_last: bool) -> None:
        """Give samples to the section that they belong to."""
        if self._open is None:
            before = self._last if self._finds_language else None
            self._open = self._last = _Section(self._n_samples, self._language, before)
            self._sections.append(self._open)
            self._n_sections += 1
            self._pool.submit(self._open.run, self._begin)
        self._n_samples += len(samples)
        self._open.n_samples += len(samples)
        self._open.pieces.put(samples)
        if is_last:
            self._open.pieces.put(None)
            self._open = None

    def _take(self, n_left: int | None = None) -> list[Event]:
        """Take what was found in the first sections, and wait until only `n_left` are not done, if that is given."""
        events: list[Event] = []
        while self._sections:
            section = self._sections[0]
            must_wait = n_left is not None and sum(not one.ended.is_set() for one in self._sections) > n_left
            if not must_wait and section.told.empty():
                break
            told = section.told.get()
            if isinstance(told, BaseException):
                raise told
            events += [self._placed(event, section) for event in told if not isinstance(event, End)]
            if told and isinstance(told[-1], End):
                self._is_done(section, told[-1])
        return events

    def _is_done(self, section: _Section, end: End) -> None:
        self._sections.popleft()
        self._ends.append(end)
        self.done_s = (section.first + section.n_samples) / SAMPLE_RATE_HZ
        if section.failure is not None:
            self._failures.append(section.failure)

    def _placed(self, event: Event, section: _Section) -> Event:
        """Give an event the times, and a segment the number, that it has in the whole recording."""
        by_s = section.first / SAMPLE_RATE_HZ
        if isinstance(event, Final):
            placed = _later(event.segment, by_s, self._n_segments)
            self._n_segments += 1
            self._said_in = self._said_in or placed.language
            return Final(placed)
        if isinstance(event, Gap | Partial):
            return replace(event, start=round(event.start + by_s, 2), end=round(event.end + by_s, 2))
        return event

    def _end(self) -> End:
        """Sum up the ends of all sections."""
        language = self._said_in or self._language or (self._ends[0].language if self._ends else "en")
        told = [end for end in self._ends if end.language_probabilities]
        settled = [end for end in told if end.language == language] or told
        return End(
            language=language,
            duration=self._n_samples / SAMPLE_RATE_HZ,
            timing=_sum([end.timing for end in self._ends]),
            language_probabilities=settled[0].language_probabilities if settled else {},
            peak=max((end.peak for end in self._ends), default=0.0),
            notes=tuple(dict.fromkeys(note for end in self._ends for note in end.notes)),
        )


class _Section:
    """One section: its samples wait here to be read, and what was found in it to be given."""

    def __init__(self, first: int, language: str | None, before: _Section | None) -> None:
        """Begin at sample `first`; the section `before` tells the language, if there is one."""
        self.first = first
        self.n_samples = 0
        self.language = language
        """Language of the text so far, that of the sections before included; None before there is any."""
        self._before = before
        self.pieces: Queue[FloatArray | None] = Queue(_MOST_PIECES + 1)
        """Samples, and None at the end."""
        self.told: SimpleQueue[list[Event] | BaseException] = SimpleQueue()
        """Events in their order, or what went wrong; the last of them is an `End`."""
        self.ended = Signal()
        self.failure: Exception | None = None
        """Error because of which nothing of the section could be read."""
        self._is_cancelled = False
        self._session: Part | None = None

    def run(self, begin: Begin) -> None:
        """Read the section."""
        try:
            if self._before is not None:
                self._before.ended.wait()
                self.language, self._before = self._before.language, None
            with begin(self.language) as session:
                self._session = session
                self._check()
                while (piece := self.pieces.get()) is not None:
                    self._check()
                    self._tell(session.feed(piece))
                self._tell(self._rest(session))
        except BaseException as error:
            self.told.put(error)
        finally:
            self.ended.set()

    def cancel(self) -> None:
        """Stop reading, from another thread."""
        self._is_cancelled = True
        if self._session is not None:
            self._session.cancel()
        with suppress(Full):  # whoever reads them does not wait
            self.pieces.put_nowait(None)

    def _check(self) -> None:
        if self._is_cancelled:
            raise CancelledError("the recording is not read on")

    def _rest(self, session: Part) -> Sequence[Event]:
        """Read the rest; where no window could be read, the section is a gap like a window of a recording."""
        done_s, n_samples = session.done_s, self.n_samples
        try:
            return session.finish()
        except CancelledError:
            raise
        except Exception as error:
            self.failure = error
            duration_s = n_samples / SAMPLE_RATE_HZ
            gap = Gap(done_s, duration_s, f"{type(error).__name__}: {error}")
            return [gap, End(self.language or "en", duration_s, Timing())]

    def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            if self.language is None and isinstance(event, Final):
                self.language = event.segment.language
        self.told.put(list(events))
        if events and isinstance(events[-1], End):
            self.ended.set()


def _later(segment: Segment, by_s: float, number: int) -> Segment:
    """Return a segment as it is in a recording in which it begins later."""
    decoding = segment.decoding
    if decoding is not None:
        decoding = replace(decoding, seek=decoding.seek + round(by_s * FRAMES_PER_SECOND))
    words = tuple(
        replace(word, start=round(word.start + by_s, 2), end=round(word.end + by_s, 2)) for word in segment.words
    )
    start, end = round(segment.start + by_s, 2), round(segment.end + by_s, 2)
    return replace(segment, id=number, start=start, end=end, words=words, decoding=decoding)


def _sum(timings: Sequence[Timing]) -> Timing:
    """Add up the times and counts of sections."""
    return Timing(**{one.name: sum(getattr(timing, one.name) for timing in timings) for one in fields(Timing)})
