"""The work of all connections: threads in which a model is used, and how much may wait for it.

Work is done in short steps, so that a long recording does not keep live sound waiting: a step of a live session goes
before one of a recording, and of each kind the one that has waited longest comes first. Steps of several sessions run
at the same time, for the model decodes what they ask for together.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..errors import BusyError

T = TypeVar("T")

_LAST_S = 5.0
"""Seconds that steps have to end when the process is about to."""
_STUCK_S = 60.0
"""Seconds after which a step that does not end is taken for stuck: steps take a second or two."""


@dataclass(frozen=True, slots=True, order=True)
class _Job:
    order: tuple[bool, int]
    step: Callable[[], Any] = field(compare=False)
    future: asyncio.Future[Any] = field(compare=False)


class Work:
    """Threads that do steps; each session's steps follow each other, in whichever threads."""

    def __init__(self, most_threads: int, patience_s: float = 600.0) -> None:
        """Begin with no thread; `patience_s` is what a step may take while others are done."""
        self._most_threads = most_threads
        self._patience_s = patience_s
        self._jobs: list[_Job] = []
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._began_s: dict[_Job, float] = {}  # of the steps that run
        self._ended_s = time.monotonic()  # when one ended last
        self._is_closed = False
        self._n_idle = 0
        self._threads: list[threading.Thread] = []

    @property
    def is_stuck(self) -> bool:
        """Whether no step comes to its end, or one does not for very long."""
        now = time.monotonic()
        first_s = min(self._began_s.copy().values(), default=now)
        return now - max(first_s, self._ended_s) > _STUCK_S or now - first_s > self._patience_s

    async def run(self, step: Callable[[], T], *, live: bool = False) -> T:
        """Wait for a step; cancelled, this waits until the step is done or will not begin."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        job = _Job((not live, next(self._numbers)), step, future)
        with self._changed:
            if self._is_closed:
                raise BusyError("the server ends", 10)
            heapq.heappush(self._jobs, job)
            if self._n_idle < len(self._jobs) and len(self._threads) < self._most_threads:
                self._begin_thread()
            self._changed.notify()
        await self._settled(job)
        return future.result()

    def close(self) -> None:
        """End after the steps that run, unless one does not end: its thread ends with the process."""
        self._refuse()
        until = time.monotonic() + _LAST_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def abandon(self) -> None:
        """Tell all who wait that nothing will come of it."""
        self._refuse()
        for job in (*self._jobs, *self._began_s.copy()):
            _deliver(job.future, None, BusyError("the server ends", 10))

    def _refuse(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _begin_thread(self) -> None:
        name = f"edgewise serve {len(self._threads) + 1}"
        self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
        self._threads[-1].start()

    async def _settled(self, job: _Job) -> None:
        cancelled: asyncio.CancelledError | None = None
        while not job.future.done():
            try:
                await asyncio.wait([job.future])
            except asyncio.CancelledError as error:
                cancelled = error
                if self._withdraw(job):
                    raise
        if cancelled is not None:
            job.future.exception()  # nobody asks for it any more
            raise cancelled

    def _withdraw(self, job: _Job) -> bool:
        """Take back a step that has not begun."""
        with self._changed:
            if job not in self._jobs:
                return False
            self._jobs.remove(job)
            heapq.heapify(self._jobs)
            return True

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._began_s[job] = time.monotonic()
            result: Any = None
            failure: BaseException | None = None
            try:
                result = job.step()
            except BaseException as error:  # it is raised where the step is waited for
                failure = error
            del self._began_s[job]
            self._ended_s = time.monotonic()
            _deliver(job.future, result, failure)

    def _next(self) -> _Job | None:
        with self._changed:
            while not self._jobs and not self._is_closed:
                self._n_idle += 1
                self._changed.wait()
                self._n_idle -= 1
            return heapq.heappop(self._jobs) if self._jobs and not self._is_closed else None


def _deliver(future: asyncio.Future[Any], result: Any, failure: BaseException | None) -> None:
    def settle() -> None:
        if future.done():
            return
        if failure is None:
            future.set_result(result)
        else:
            future.set_exception(failure)

    loop = future.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)


class Places:
    """Places for work of a kind, of which there are so many."""

    def __init__(self, what: str, most: int, retry_s: int) -> None:
        self._what = what
        self._most = most
        self._retry_s = retry_s
        self.n_taken = 0
        """Number of places that are taken."""

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a place until the block ends; BusyError where there is none."""
        if self.n_taken >= self._most:
            raise BusyError(
                f"the server has {self.n_taken} {self._what} at a time and takes no more: try again in "
                f"{self._retry_s} s",
                self._retry_s,
            )
        self.n_taken += 1
        try:
            yield
        finally:
            self.n_taken -= 1
