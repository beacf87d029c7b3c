"""The work of all connections: steps at the same time, live ones first, and none that is lost or keeps others."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import pytest

from edge.errors import BusyError
from edge.serve import work as module
from edge.serve.options import ServeOptions
from edge.serve.shared import work_of
from edge.serve.work import Places, Work

PATIENCE_S = 10


@pytest.fixture
def make_work() -> Iterator[Callable[..., Work]]:
    made: list[Work] = []

    def make(most_threads: int, patience_s: float = 600.0) -> Work:
        made.append(Work(most_threads, patience_s))
        return made[-1]

    yield make
    for work in made:
        work.close()


def run(task: Awaitable[None]) -> None:
    async def main() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await task

    asyncio.run(main())


def test_steps_are_done_at_the_same_time(make_work: Callable[..., Work]) -> None:
    work = make_work(3)
    meet = threading.Barrier(3, timeout=PATIENCE_S)

    async def main() -> None:
        await asyncio.gather(*(work.run(meet.wait) for _ in range(3)))

    run(main())


def test_threads_are_begun_as_they_are_needed(make_work: Callable[..., Work]) -> None:
    work = make_work(8)
    before = threading.active_count()

    async def main() -> None:
        for _ in range(5):
            await work.run(lambda: None)

    run(main())
    assert threading.active_count() <= before + 2


def test_live_steps_come_first_and_others_in_order(make_work: Callable[..., Work]) -> None:
    work = make_work(1)
    done: list[str] = []
    goes_on = threading.Event()

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(work.run(lambda: goes_on.wait(PATIENCE_S)))
            await asyncio.sleep(0)
            for name in ("first recording", "second recording", "live"):
                group.create_task(work.run(partial(done.append, name), live=name == "live"))
                await asyncio.sleep(0)
            goes_on.set()

    run(main())
    assert done == ["live", "first recording", "second recording"]


def test_an_error_is_raised_where_the_step_is_waited_for(make_work: Callable[..., Work]) -> None:
    work = make_work(2)

    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await work.run(lambda: 1 // 0)
        assert await work.run(lambda: 7) == 7

    run(main())


def test_a_step_that_is_cancelled_does_not_begin_or_is_waited_for(make_work: Callable[..., Work]) -> None:
    work = make_work(1)
    began, goes_on, done = threading.Event(), threading.Event(), []

    def long() -> None:
        began.set()
        goes_on.wait(PATIENCE_S)
        done.append("long")

    async def main() -> None:
        running = asyncio.create_task(work.run(long))
        await asyncio.to_thread(began.wait, PATIENCE_S)
        waiting = asyncio.create_task(work.run(lambda: done.append("never")))
        await asyncio.sleep(0.01)
        waiting.cancel()
        running.cancel()
        await asyncio.sleep(0.01)
        assert waiting.cancelled()
        assert not running.done()  # a session belongs to one thread: who gives it up has to wait
        goes_on.set()
        with pytest.raises(asyncio.CancelledError):
            await running

    run(main())
    assert done == ["long"]


def test_work_that_does_not_go_on_is_stuck(make_work: Callable[..., Work], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STUCK_S", 0.1)
    work = make_work(2, patience_s=0.6)
    goes_on = threading.Event()

    async def main() -> None:
        assert not work.is_stuck
        running = asyncio.create_task(work.run(lambda: goes_on.wait(PATIENCE_S)))
        await asyncio.sleep(0.2)
        assert work.is_stuck
        await work.run(lambda: None)
        assert not work.is_stuck  # another one came to its end
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            await work.run(lambda: None)
            await asyncio.sleep(0.02)
        assert work.is_stuck  # but one of them does not
        goes_on.set()
        await running
        assert not work.is_stuck

    run(main())


def test_work_that_is_closed_takes_no_more() -> None:
    work = Work(2)
    work.close()
    with pytest.raises(BusyError):
        run(work.run(lambda: None))


def test_there_is_a_thread_for_each_session() -> None:
    meet = threading.Barrier(22, timeout=PATIENCE_S)
    work = work_of(ServeOptions())

    async def main() -> None:
        await asyncio.gather(*(work.run(meet.wait, live=i < 16) for i in range(22)))

    run(main())
    work.close()


def test_places_are_given_back() -> None:
    places = Places("things", 1, 7)
    with places.taken():
        with pytest.raises(BusyError, match="try again in 7 s"), places.taken():
            pass
        assert places.n_taken == 1
    assert places.n_taken == 0
