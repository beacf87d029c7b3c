"""One recording on its way through workers, whose futures are at hand here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.cli.cluster.jobs import Job
from edge.cli.cluster.tasks import Answer, Lost, Task, join, outline, read, read_part
from edge.cli.console.places import Place
from edge.errors import ClusterError
from edge.sections import Outline
from edge.transcript.options import OutputOptions

OUTLINE = Outline((0, 10, 20, 30), 1.0, (), "en", (), 0)
ANSWER = Answer(None, None, "said")


class KilledWorker(Exception):  # noqa: N818  as Dask names it
    pass


class Call:
    """A call of a worker, which is a future as well."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], then: Callable[[Any], None]) -> None:
        self.function = function
        self.arguments = arguments
        self._then = then
        self._result: Any = None
        self.status = "pending"

    def end(self, result: Any) -> None:
        self._result = result
        self.status = "error" if isinstance(result, Exception) else "finished"
        self._then(self)

    def done(self) -> bool:
        return self.status != "pending"

    def result(self, timeout: float | None = None) -> Any:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result

    def cancel(self) -> None:
        self.status = "cancelled"


class Workers:
    def __init__(self) -> None:
        self.calls: list[Call] = []

    def __call__(self, function: Callable[..., Any], *arguments: Any, then: Callable[[Any], None]) -> Call:
        self.calls.append(Call(function, arguments, then))
        return self.calls[-1]


@pytest.fixture
def workers() -> Workers:
    return Workers()


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(tmp_path / "a.wav", Place(tmp_path / "a", ("txt",)), {}, {}, OutputOptions(), is_written=False)


def test_a_recording_that_is_left_whole_is_one_task(workers: Workers, task: Task) -> None:
    job = Job(task, 1, workers)
    (call,) = workers.calls
    assert (call.function, call.arguments, job.n_tasks, job.is_over) == (read, (task,), 1, False)
    call.end(ANSWER)
    assert (job.is_over, job.is_written, job.n_done, job.answer()) == (True, True, 1, ANSWER)


def test_parts_are_put_together_in_their_order(workers: Workers, task: Task) -> None:
    job = Job(task, 3, workers)
    workers.calls[0].end(OUTLINE)
    parts = workers.calls[1:]
    assert [(one.function, *one.arguments) for one in parts] == [(read_part, task, OUTLINE, n, 3) for n in range(3)]
    for number in (2, 0, 1):
        assert len(workers.calls) == 4
        parts[number].end(bytes([number]))
    assert (job.n_done, job.n_tasks, job.is_over) == (4, 5, False)
    last = workers.calls[-1]
    assert (last.function, last.arguments) == (join, (task, OUTLINE, [b"\0", b"\1", b"\2"]))
    assert list(job.unfinished()) == [last]
    last.end(ANSWER)
    assert (job.answer(), job.n_done) == (ANSWER, 5)


@pytest.mark.parametrize(
    ("result", "message"), [(Lost("no room"), "no room"), (KilledWorker(), "set aside"), (ValueError("odd"), "odd")]
)
def test_nothing_is_read_on_where_a_part_is_lost(result: object, message: str, workers: Workers, task: Task) -> None:
    job = Job(task, 3, workers)
    workers.calls[0].end(OUTLINE)
    _, first, second, third = workers.calls
    first.end(b"")
    second.end(result)
    assert (third.status, job.is_over, job.is_written, len(workers.calls)) == ("cancelled", True, False, 4)
    assert job.n_done == job.n_tasks
    with pytest.raises(ClusterError, match=message):
        job.answer()


def test_a_recording_without_an_outline_is_over(workers: Workers, task: Task) -> None:
    job = Job(task, 3, workers)
    (call,) = workers.calls
    assert call.function is outline
    call.end(Lost("it is damaged"))
    assert len(workers.calls) == 1
    with pytest.raises(ClusterError, match="it is damaged"):
        job.answer()


def test_what_is_not_done_can_be_called_back(workers: Workers, task: Task) -> None:
    job = Job(task, 3, workers)
    assert list(job.unfinished()) == workers.calls
    workers.calls[0].end(OUTLINE)
    _, first, second, third = workers.calls
    first.end(b"")
    assert list(job.unfinished()) == [second, third]
    for call in (second, third):
        call.cancel()
    assert list(job.unfinished()) == []
    assert not job.is_written
