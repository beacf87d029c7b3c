"""Shares an engine among the sessions of many threads: what they ask for at the same time is run as one batch.

There is no thread of its own. The first that asks while nobody is served serves all who wait, until it has its own
result, and passes the duty on. Before a step it waits up to a few milliseconds for those that got a result just now and
are about to ask for the next one. What each gets is what it would get alone, to the last bit.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Event, Lock
from time import monotonic
from weakref import WeakSet

from ...arrays import FloatArray, IntArray
from ...errors import BusyError, CancelledError
from . import native
from .native import MOST_CALLS, Call, EngineState

_COLLECT_S = 0.002
"""Seconds that a step waits at most for others to join it."""

_MOST_ROWS = 48
"""Rows of a step, sequences times tokens, at which no other joins it."""
_MOST_ROWS_BESIDE_URGENT = 8
"""The same where somebody waits for the result while he speaks."""

_MOST_SESSIONS = 256
"""Number of states that share an engine at most, unless another is given."""

_CANCELLED = "the session was cancelled"

_starting_anew = Lock()


@dataclass(slots=True, eq=False)
class _Work:
    """One thing that a state asks for: an encoding of `mel`, or a call of decode."""

    state: SharedState
    engine_state: EngineState
    call: Call | None = None
    mel: FloatArray | None = None
    logits: FloatArray | None = None
    error: Exception | None = None
    is_done: bool = False
    serves: bool = False
    """Whether its thread is the one that serves, or is to become it."""
    signal: Event = field(default_factory=Event)
    """Event that its thread waits for: the work is done, or that thread is to serve."""

    @property
    def n_rows(self) -> int:
        """Rows that the call adds to a step."""
        return 0 if self.call is None else max(1, self.call.tokens.size)

    def end(self, error: Exception | None = None) -> None:
        """Let its thread go on."""
        self.error = self.error or error
        self.is_done = True
        self.signal.set()


class Ticket:
    """A session of several states, each of which is a part of it."""


class Scheduler:
    """The order in which the states of one engine are served.

    Urgent ones come first. Among equals encodings and steps take turns, and each is served in the order of asking, so
    that nobody waits for more than a window of each other recording.
    """

    def __init__(self, most_sessions: int = _MOST_SESSIONS) -> None:
        """Begin with nobody to serve; more than `most_sessions` at once are refused."""
        self._most_sessions = most_sessions
        self.n_steps = self.n_calls = 0
        """Numbers of steps, and of the calls that they served."""
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = Lock()
        self._arrived = Condition(self._lock)
        self._sessions: WeakSet[object] = WeakSet()  # one that ended in an error says no goodbye
        self._waiting: list[_Work] = []
        self._expected: set[SharedState] = set()  # those that got a result just now and are about to come back
        self._is_served = self._encoded_last = False

    def enter(self, session: object) -> None:
        """Take in a state that will ask for work, or a session of several states.

        Raises:
            BusyError: there are too many already.
        """
        with self._lock:
            if len(self._sessions) >= self._most_sessions:
                raise BusyError(
                    f"{self._most_sessions} sessions use this model already: close one, or try again in a while"
                )
            self._sessions.add(session)

    def leave(self, session: object) -> None:
        """Let a state or session go, and give up what it waits for; harmless when it has gone."""
        with self._lock:
            self._sessions.discard(session)
            self._expected = {state for state in self._expected if state is not session}
            for work in [one for one in self._waiting if one.state is session]:
                self._waiting.remove(work)
                work.end(CancelledError(_CANCELLED))

    def run(self, work: _Work) -> None:
        """Have work done.

        Raises:
            CancelledError: the state was cancelled, or the thread that served it was interrupted.
            Exception: what the engine raises.
        """
        if self._process != os.getpid():  # a forked child has none of the threads that wait
            with _starting_anew:
                if self._process != os.getpid():
                    self._begin()
        with self._lock:
            if work.state.is_cancelled:
                raise CancelledError(_CANCELLED)
            self._waiting.append(work)
            self._expected.discard(work.state)
            if not self._is_served:
                self._is_served = work.serves = True
            elif not self._expected:
                self._arrived.notify()
        try:
            if not work.serves:
                work.signal.wait()
            if work.serves:
                self._serve(work)
        finally:
            self._pass_on(work)
        if work.error is not None:
            raise work.error

    def _serve(self, own: _Work) -> None:
        """Serve all who wait until `own` is done."""
        while not own.is_done:
            works = self._next()
            error: Exception | None = CancelledError("the thread that served this session was interrupted")
            try:
                _do(works)
                error = None
            finally:
                with self._lock:
                    self._encoded_last = bool(works) and works[0].call is None
                    self._expected.update(work.state for work in works)
                    for work in works:
                        work.end(error)

    def _pass_on(self, work: _Work) -> None:
        """End a thread's part: what it waits for no longer is given up, and its duty goes to another."""
        with self._lock:
            if work in self._waiting:
                self._waiting.remove(work)
            if work.serves:
                self._is_served = bool(self._waiting)
                for other in self._waiting[:1]:
                    other.serves = True
                    other.signal.set()

    def _next(self) -> list[_Work]:
        """Take what is to be done next: one encoding, or the calls of one step."""
        until = monotonic() + _COLLECT_S
        with self._lock:
            while self._expected and not self._picks_encoding():
                if (left_s := until - monotonic()) <= 0 or not self._arrived.wait(left_s):
                    self._expected.clear()  # they are doing something else
            if not self._waiting:
                return []
            if self._picks_encoding():
                works = [next(work for work in self._first() if work.call is None)]
            else:
                works = _step_of(sorted(self._waiting, key=lambda work: not work.state.is_urgent))
                self.n_steps, self.n_calls = self.n_steps + 1, self.n_calls + len(works)
            for work in works:
                self._waiting.remove(work)
            return works

    def _first(self) -> list[_Work]:
        """Give those that come first: the urgent ones, or all where there are none."""
        return [work for work in self._waiting if work.state.is_urgent] or self._waiting

    def _picks_encoding(self) -> bool:
        kinds = {work.call is None for work in self._first()}
        return kinds == {True} or (True in kinds and not self._encoded_last)


class SharedState:
    """A state whose encodings and steps go through a scheduler (edge.whisper.engines.protocol.State).

    Its user may get a CancelledError from them.
    """

    def __init__(
        self, state: EngineState, scheduler: Scheduler, *, is_urgent: bool = False, is_part: bool = False
    ) -> None:
        """Prepare to share the engine of `state`; an urgent one is served before those that are not.

        A part of a session that has entered does not count as one more.

        Raises:
            BusyError: too many share it already.
        """
        self._state = state
        self._scheduler = scheduler
        self.is_cancelled = False
        """Whether `cancel` was called."""
        self.is_urgent = is_urgent
        if not is_part:
            scheduler.enter(self)

    @property
    def n_past(self) -> int:
        """Number of decoder positions filled so far."""
        return self._state.n_past

    def encode(self, mel: FloatArray) -> None:
        """Run the encoder, as `EngineState.encode`."""
        self._scheduler.run(_Work(self, self._state, mel=mel))

    def decode(self, tokens: IntArray, *, last_only: bool = True, alignment: bool = False) -> FloatArray:
        """Append tokens, as `EngineState.decode`."""
        work = _Work(self, self._state, Call(self._state, tokens, last_only, alignment))
        self._scheduler.run(work)
        assert work.logits is not None
        return work.logits

    def rewind(self, n_past: int) -> None:
        """Forget the positions from `n_past` on."""
        self._state.rewind(n_past)

    def reorder(self, parents: IntArray) -> None:
        """Let beam i go on from what was beam `parents[i]`."""
        self._state.reorder(parents)

    def encoder_output(self) -> FloatArray:
        """Give the encoder's states, (n_ctx, n_state)."""
        return self._state.encoder_output()

    def alignment(self) -> FloatArray:
        """Give the alignment heads' attention in the last `decode(alignment=True)`."""
        return self._state.alignment()

    def cancel(self) -> None:
        """Have the thread that uses the state stop, at once or at its next step; from any thread."""
        self.is_cancelled = True
        self._scheduler.leave(self)

    def leave(self) -> None:
        """Ask for nothing more; the engine's state is somebody else's from now on, or nobody's."""
        self._scheduler.leave(self)
        # Sessions and their readers know each other, so Python finds them late: large memory is not to wait for that.
        with suppress(AttributeError):
            del self._state


def _step_of(works: Sequence[_Work]) -> list[_Work]:
    """Choose the calls of one step, the first of which is in it in any case."""
    calls = [work for work in works if work.call is not None]
    most = _MOST_ROWS_BESIDE_URGENT if calls[0].state.is_urgent else _MOST_ROWS
    chosen, n_rows = calls[:1], calls[0].n_rows
    for work in calls[1:MOST_CALLS]:
        if n_rows + work.n_rows <= most:
            chosen.append(work)
            n_rows += work.n_rows
    return chosen


def _do(works: Sequence[_Work]) -> None:
    """Do an encoding, or several calls at once; where those fail, each alone, so that the right one gets the error."""
    calls = [work.call for work in works if work.call is not None]
    try:
        if calls:
            for work, logits in zip(works, native.decode_all(calls), strict=True):
                work.logits = logits
        else:
            for work in works:
                assert work.mel is not None
                work.engine_state.encode(work.mel)
    except Exception as error:
        if len(works) == 1:
            works[0].error = error
            return
        for work in works:
            _do([work])
