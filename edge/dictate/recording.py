"""One dictation, from its start to its stop: sound goes into a journal and into a session."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field
from math import inf
from typing import Any

from ..arrays import FloatArray
from ..audio.journal import Journal
from ..audio.microphone import Captured
from ..audio.mono import SAMPLE_RATE_HZ
from ..desktop.protocol import Target
from ..gaps import Gap
from ..session import Session
from ..transcript.events import End, Event, Final, Silence

_QUIET_S = 0.09
"""Seconds without speech, three frames of the detector, after which no word goes on beyond the stop."""
_TELLS_WITHIN_S = 0.02
"""Seconds that a session has to tell whether somebody speaks at the stop."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Speech whose text is due, with what is known of it."""

    events: tuple[Event, ...]
    """Events so far."""
    rest: Callable[[], list[Event]]
    """Function that gives the others; it may take as long as a decode."""
    journal: Journal
    target: Target | None
    """Window that had the focus at the start."""
    began_s: float
    """Time at the start, by `time.time`."""
    duration_s: float
    stopped_s: float
    """Time at the stop, by the clock of the dictation."""


@dataclass(frozen=True, slots=True)
class _Unread:
    """Something that was heard, and what the session will find in it."""

    piece: FloatArray | Gap
    found: Future[list[Event]]


@dataclass(slots=True)
class Recording:
    """Speech that goes on: it is in its journal at once, and its session reads it in a thread of its own."""

    begin: Callable[[], Session]
    """Function that begins to read; it may take as long as a model takes to load."""
    reader: Executor
    """Thread that reads."""
    open_journal: Callable[[], Journal]
    target: Target | None
    began_s: float
    """Time at the start, by `time.time`."""
    start: int
    """Number of the first sample."""
    on_event: Callable[[Event], object]
    released: float = inf
    """Number of the sample that had come when it was stopped, once that is known."""
    stop: float = inf
    """Number of the sample before which it ends where somebody still speaks then."""
    stopped_s: float = 0.0
    position: int = 0
    """Number of the sample that comes next."""
    n_heard: int = 0
    """Samples so far."""
    _session: Future[Session] = field(init=False)
    _unread: deque[_Unread] = field(default_factory=deque)
    _events: list[Event] = field(default_factory=list)
    _journal: Journal | None = None
    _n_read: int = 0
    """Samples of which is known what the session found."""
    _n_before: int = 0

    def __post_init__(self) -> None:
        self._session = self.reader.submit(self.begin)

    @property
    def is_over(self) -> bool:
        """Whether all of it has come: in a pause nothing behind the stop is waited for."""
        return self.position >= self.stop or (self.position >= self.released and self._quiet_s() >= _QUIET_S)

    @property
    def heard_s(self) -> float:
        """Seconds of sound so far."""
        return self.n_heard / SAMPLE_RATE_HZ

    def take(self, piece: Captured) -> list[Spoken]:
        """Take the part of a piece that belongs to it; gives what has become final in a pause."""
        self.position = max(self.position, piece.end)
        first, last = max(self.start - piece.start, 0), min(self.stop - piece.start, len(piece.samples))
        if first < last:
            samples = piece.samples[first : int(last)]
            self.n_heard += len(samples)
            self._keep(samples)
            self._unread.append(_Unread(samples, self.reader.submit(lambda: self._session.result().feed(samples))))
        return self._found()

    def skip(self, gap: Gap) -> list[Spoken]:
        """Take note that something was not heard."""
        if not self.n_heard:
            return []
        self._keep(gap)
        self._unread.append(_Unread(gap, self.reader.submit(lambda: self._session.result().skip(gap))))
        return self._found()

    def end(self) -> Spoken | None:
        """End it; None where nothing was heard since the last pause."""
        if self._journal is None:
            self._close()
            return None
        return self._spoken(self._rest, self.n_heard)

    def cancel(self) -> None:
        """Give it up, with what was said."""
        self._close()
        if self._journal is not None:
            self._journal.deliver()

    def give_up(self) -> None:
        """End it where something failed; what was said stays in the journal."""
        self._close()
        if self._journal is not None:
            self._journal.close()

    def _keep(self, piece: FloatArray | Gap) -> None:
        if isinstance(piece, Gap):
            self._the_journal().gap(piece)
        else:
            self._the_journal().write(piece)

    def _the_journal(self) -> Journal:
        if self._journal is None:
            self._journal = self.open_journal()
        return self._journal

    def _quiet_s(self) -> float:
        """Return the seconds in which nobody has spoken by now; 0 where the session is too far behind to tell."""
        last: Future[Any] = self._unread[-1].found if self._unread else self._session
        is_known = bool(wait([last], _TELLS_WITHIN_S).done) and last.exception() is None
        return self._session.result().quiet_s if is_known else 0.0

    def _found(self) -> list[Spoken]:
        """Take what the session has found by now; gives what is final."""
        spoken = []
        while self._unread and self._unread[0].found.done():
            read = self._unread.popleft()
            self._n_read += 0 if isinstance(read.piece, Gap) else len(read.piece)
            events = read.found.result()
            for event in events:
                self.on_event(event)
            self._events += events
            if events and isinstance(events[-1], Silence):
                spoken.append(self._spoken(list, self._n_read))
                for each in self._unread:  # which goes on in the next journal
                    self._keep(each.piece)
        return spoken

    def _rest(self) -> list[Event]:
        """Wait until all is read; gives what was found since the last look."""
        with self._session.result() as session:
            events = [event for each in self._unread for event in each.found.result()]
            return _texts(events + session.finish())

    def _close(self) -> None:
        """Give up the session, once it has read what it is at."""
        for each in self._unread:
            each.found.cancel()
        self.reader.submit(lambda: self._session.result().close())

    def _spoken(self, rest: Callable[[], list[Event]], n_samples: int) -> Spoken:
        """Give what was said up to a sample, with its journal; what comes has another one."""
        events, self._events = tuple(_texts(self._events)), []
        journal, self._journal = self._the_journal(), None
        seconds, self._n_before = (n_samples - self._n_before) / SAMPLE_RATE_HZ, n_samples
        return Spoken(events, rest, journal, self.target, self.began_s, seconds, self.stopped_s)


def _texts(events: Iterable[Event]) -> list[Event]:
    """Leave out what was only of interest while it was said."""
    return [event for event in events if isinstance(event, Final | End | Gap)]
