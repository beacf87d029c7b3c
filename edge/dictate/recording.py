"""One dictation, from its start to its stop: sound goes into a journal and into a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from ..audio.journal import Journal
from ..audio.microphone import Captured
from ..audio.mono import SAMPLE_RATE_HZ
from ..desktop.protocol import Target
from ..gaps import Gap
from ..session import Session
from ..transcript.events import End, Event, Final, Silence

_QUIET_S = 0.09
"""Seconds without speech, three frames of the detector, after which no word goes on beyond the stop."""


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


@dataclass(slots=True)
class Recording:
    """Speech that goes on, with its session and its journal."""

    session: Session
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
    _events: list[Event] = field(default_factory=list)
    _journal: Journal | None = None
    _n_before: int = 0

    @property
    def is_over(self) -> bool:
        """Whether all of it has come: in a pause nothing behind the stop is waited for."""
        return self.position >= (self.released if self.session.quiet_s >= _QUIET_S else self.stop)

    @property
    def heard_s(self) -> float:
        """Seconds of sound so far."""
        return self.n_heard / SAMPLE_RATE_HZ

    def take(self, piece: Captured) -> list[Spoken]:
        """Take the part of a piece that belongs to it; gives what has become final in a pause."""
        self.position = max(self.position, piece.end)
        first, last = max(self.start - piece.start, 0), min(self.stop - piece.start, len(piece.samples))
        if first >= last:
            return []
        samples = piece.samples[first : int(last)]
        self.n_heard += len(samples)
        self._the_journal().write(samples)
        return self._heard(self.session.feed(samples))

    def skip(self, gap: Gap) -> list[Spoken]:
        """Take note that something was not heard."""
        if not self.n_heard:
            return []
        self._the_journal().gap(gap)
        return self._heard(self.session.skip(gap))

    def end(self) -> Spoken | None:
        """End it; None where nothing was heard since the last pause."""
        if self._journal is None:
            self.session.close()
            return None
        return self._spoken(self._rest)

    def cancel(self) -> None:
        """Give it up, with what was said."""
        self.session.close()
        if self._journal is not None:
            self._journal.deliver()

    def give_up(self) -> None:
        """End it where something failed; what was said stays in the journal."""
        self.session.close()
        if self._journal is not None:
            self._journal.close()

    def _rest(self) -> list[Event]:
        with self.session:
            return self.session.finish()

    def _the_journal(self) -> Journal:
        if self._journal is None:
            self._journal = self.open_journal()
        return self._journal

    def _heard(self, events: list[Event]) -> list[Spoken]:
        for event in events:
            self.on_event(event)
        self._events += events
        is_final = bool(events) and isinstance(events[-1], Silence)
        return [self._spoken(lambda: [])] if is_final else []

    def _spoken(self, rest: Callable[[], list[Event]]) -> Spoken:
        """Give what was said by now, with its journal; what comes has another one."""
        events = tuple(event for event in self._events if isinstance(event, Final | End | Gap))
        journal, self._journal, self._events = self._the_journal(), None, []
        n_samples, self._n_before = self.n_heard - self._n_before, self.n_heard
        seconds = n_samples / SAMPLE_RATE_HZ
        return Spoken(events, rest, journal, self.target, self.began_s, seconds, self.stopped_s)
