"""The work of all connections: one thread in which a model is used, and how much may wait for it.

Work is done in short steps, so that a long recording does not keep live sound waiting: a step of a live session goes
before one of a recording, and of each kind the one that has waited longest comes first.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TypeVar

from ..errors import BusyError

T = TypeVar("T")

_STUCK_S = 60.0
"""Seconds after which a step that does not end is taken for stuck: steps take a second or two."""


class Work(Protocol):
    """What does the work of all connections: one step after the other, or several sessions' steps together."""

    async def run(self, step: Callable[[], T], *, live: bool = False) -> T:
        """Wait for a step; cancelled, this waits until the step is done or will not begin."""
        ...

    @property
    def is_stuck(self) -> bool:
        """Whether a step does not come to its end."""
        ...

    def close(self) -> None:
        """End after the step that runs."""
        ...


class _Job(NamedTuple):
    order: tuple[bool, int]
    step: Callable[[], Any]
    future: asyncio.Future[Any]


class OneByOne:
    """A thread that does one step after the other."""

    def __init__(self) -> None:
        self._jobs: list[_Job] = []
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._began_s: float | None = None
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="edgewise serve", daemon=True)
        self._thread.start()

    @property
    def is_stuck(self) -> bool:
        """Whether a step does not come to its end."""
        began_s = self._began_s
        return began_s is not None and time.monotonic() - began_s > _STUCK_S

    async def run(self, step: Callable[[], T], *, live: bool = False) -> T:
        """Wait for a step; cancelled, this waits until the step is done or will not begin."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        job = _Job((not live, next(self._numbers)), step, future)
        with self._changed:
            if self._is_closed:
                raise BusyError("the server ends", 10)
            heapq.heappush(self._jobs, job)
            self._changed.notify()
        await self._settled(job)
        return future.result()

    def close(self) -> None:
        """End after the step that runs."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join()

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
            self._began_s = time.monotonic()
            result: Any = None
            failure: BaseException | None = None
            try:
                result = job.step()
            except BaseException as error:  # it is raised where the step is waited for
                failure = error
            self._began_s = None
            _deliver(job.future, result, failure)

    def _next(self) -> _Job | None:
        with self._changed:
            while not self._jobs and not self._is_closed:
                self._changed.wait()
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
