"""Reads the sections between the pauses of a recording several at a time, and gives what is found in order.

Each section is read as a recording of its own, in a thread of its own. Where the language is to be found, a section
waits for the first text of those before it.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Full, Queue, SimpleQueue
from threading import Event as Signal
from types import TracebackType
from typing import Protocol, Self

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from ..errors import CancelledError
from ..gaps import Gap
from ..listen.pauses import Piece
from ..sections import Told
from ..session import Reader
from ..transcript.events import End, Event, Final
from ..transcript.types import Timing
from .whole import Whole


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


class Cutter(Protocol):
    """A cutter of sound into sections (edge.listen.pauses.PauseCutter)."""

    def feed(self, samples: FloatArray) -> Iterable[Piece]:
        """Take the next samples (n_samples,), and give what is certain to belong together."""
        ...

    def finish(self) -> Iterable[Piece]:
        """Give what is left."""
        ...


class Sections:
    """Sections that are read at the same time, while their samples come in, and are told of in order."""

    def __init__(
        self,
        begin: Begin,
        n_at_once: int,
        language: str | None,
        *,
        finds_language: bool,
        first: int = 0,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin at sample `first` of the recording.

        `finds_language` tells whether the first text settles the language, and `close` is called at the end. At most
        `n_at_once` sections are read at the same time.
        """
        self._begin = begin
        self._language = language
        self._finds_language = finds_language
        self._close: Callable[[], None] | None = close
        self._n_at_once = n_at_once
        self._pool = ThreadPoolExecutor(n_at_once, thread_name_prefix="edgewise-section")
        self._open: _Section | None = None  # the section that still gets samples
        self._left: deque[_Section] = deque()  # those of which not all was told yet
        self._last: _Section | None = None
        self._next = first

    def put(self, piece: Piece) -> list[Told]:
        """Take samples of the section that is open, or of the next; tells of sections until few are not done."""
        if self._open is None:
            before = self._last if self._finds_language else None
            self._open = self._last = _Section(self._next, self._language, before)
            self._left.append(self._open)
            self._pool.submit(self._open.run, self._begin)
        self._next += len(piece.samples)
        self._open.n_samples += len(piece.samples)
        self._open.pieces.put(piece.samples)
        if piece.is_last:
            self._open.pieces.put(None)
            self._open = None
        return self.take(n_left=self._n_at_once)

    def take(self, n_left: int | None = None) -> list[Told]:
        """Tell what was found in the first sections, and wait until only `n_left` are not done, if that is given."""
        found: list[Told] = []
        while self._left:
            section = self._left[0]
            must_wait = n_left is not None and sum(not one.ended.is_set() for one in self._left) > n_left
            if not must_wait and section.told.empty():
                break
            told = section.told.get()
            if isinstance(told, BaseException):
                raise told
            ends = bool(told) and isinstance(told[-1], End)
            found.append(Told(section.first, section.n_samples, tuple(told), section.failure if ends else None))
            if ends:
                self._left.popleft()
        return found

    def close(self) -> None:
        """Stop what is being read; harmless after the end."""
        if self._close is not None:
            close, self._close = self._close, None
            for section in self._left:
                section.cancel()
            self._pool.shutdown(cancel_futures=True)
            self._left.clear()
            gc.collect()  # sessions refer to themselves
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ParallelSession:
    """A transcription of sound that is fed to it, in sections that are read at the same time."""

    def __init__(self, sections: Sections, cutter: Cutter, language: str | None) -> None:
        """Begin, with the language that is given, if one is."""
        self._sections = sections
        self._cutter = cutter
        self._whole = Whole(language)

    @property
    def done_s(self) -> float:
        """Seconds of the sound of which all was given."""
        return self._whole.done_s

    def feed(self, samples: FloatArray) -> list[Event]:
        """Take samples (n_samples,), mono at 16 kHz, of any number; gives what comes next, as far as it is found."""
        events = [event for piece in self._cutter.feed(samples) for event in self._placed(self._sections.put(piece))]
        return [*events, *self._placed(self._sections.take())]

    def finish(self) -> list[Event]:
        """Take the end of the sound; gives the rest, the last of which is an `End`.

        Raises:
            Exception: the last error of a section, where all failed.
        """
        events = [event for piece in self._cutter.finish() for event in self._placed(self._sections.put(piece))]
        events += self._placed(self._sections.take(n_left=0))
        self.close()
        return [*events, self._whole.end()]

    def close(self) -> None:
        """Stop what is being read; harmless after the end."""
        self._sections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _placed(self, found: Sequence[Told]) -> list[Event]:
        return [event for told in found for event in self._whole.take(told)]


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
        self.settled = Signal()
        """Whether it is known in which language the sections behind this one are read."""
        self.ended = Signal()
        self.failure: Exception | None = None
        """Error because of which nothing of the section could be read."""
        self._is_cancelled = False
        self._session: Part | None = None

    def run(self, begin: Begin) -> None:
        """Read the section."""
        try:
            if self._before is not None:
                self._before.settled.wait()
                self.language, self._before = self._before.language, None
            if self.language is not None:
                self.settled.set()
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
            self.settled.set()
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
                self.settled.set()
        self.told.put(list(events))
        if events and isinstance(events[-1], End):
            self.ended.set()
