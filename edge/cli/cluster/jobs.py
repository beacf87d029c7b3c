"""Follows one recording through the workers of a cluster, be it whole or in parts.

What parts give comes back to whoever asks, so that a worker that is killed later takes nothing of it along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol

from ...errors import ClusterError
from .tasks import Answer, Lost, Task, join, outline, read, read_part


class Send(Protocol):
    """A way to the workers."""

    def __call__(self, function: Callable[..., Any], *arguments: Any, then: Callable[[Any], None]) -> Any:
        """Have a worker call a function; gives the future of the result, with which `then` is called at the end."""
        ...


class Job:
    """A recording that is read."""

    def __init__(self, task: Task, n_parts: int, send: Send) -> None:
        """Send the recording, or what finds its sections if it has several parts."""
        self._task = task
        self._n_parts = n_parts
        self._send = send
        self._answer: Any = None  # the future that gives what became of the recording
        self._at_work: dict[int, Any] = {}  # the futures of parts, by number
        self._found: dict[int, bytes] = {}
        self._outline: Any = None
        self._failure: str | None = None
        if n_parts > 1:
            self._at_work[-1] = send(outline, task, then=self._divide)
        else:
            self._answer = send(read, task, then=_nothing)

    @property
    def n_tasks(self) -> int:
        """Number of tasks that the recording takes."""
        return self._n_parts + 2 if self._n_parts > 1 else 1

    @property
    def n_done(self) -> int:
        """Number of the tasks that are done; all of them where it is over."""
        return self.n_tasks if self.is_over else len(self._found) + (self._outline is not None)

    @property
    def is_over(self) -> bool:
        """Whether it is known what became of the recording."""
        return self._failure is not None or (self._answer is not None and bool(self._answer.done()))

    @property
    def is_written(self) -> bool:
        """Whether the recording is read, so that its files are there."""
        return self._answer is not None and bool(self._answer.status == "finished")

    def answer(self, timeout_s: float | None = None) -> Answer:
        """Return what became of the recording, once it is over.

        Raises:
            ClusterError: the workers that read it were killed.
        """
        if self._failure is None:
            try:
                found: Answer = self._answer.result(timeout=timeout_s)
                return found
            except Exception as error:
                self._failure = lost(error)
        raise ClusterError(self._failure)

    def unfinished(self) -> Iterator[Any]:
        """Give the futures of what is not done."""
        for future in (*self._at_work.values(), self._answer):
            if future is not None and not future.done():
                yield future

    def _divide(self, future: Any) -> None:
        """Send the parts, now that the sections are known."""
        found = self._result(-1, future)
        if found is not None:
            self._outline = found
            for number in range(self._n_parts):
                self._at_work[number] = self._send(
                    *(read_part, self._task, found, number, self._n_parts), then=partial(self._collect, number)
                )

    def _collect(self, number: int, future: Any) -> None:
        """Keep what a part gave; the last of them has all put together."""
        found = self._result(number, future)
        if found is not None:
            self._found[number] = found
        if len(self._found) == self._n_parts:
            parts = [self._found[number] for number in range(self._n_parts)]
            self._answer = self._send(join, self._task, self._outline, parts, then=_nothing)

    def _result(self, number: int, future: Any) -> Any:
        """Take the result of a future that is done; without it, nothing of the recording is read on."""
        self._at_work.pop(number, None)
        try:
            found = future.result()
            failure = found.failure if isinstance(found, Lost) else None
        except Exception as error:
            failure = lost(error)
        if failure is None:
            return found
        self._failure = self._failure or failure
        for other in self._at_work.values():
            other.cancel()
        return None


def lost(error: Exception) -> str:
    """Say why a task has no result."""
    if type(error).__name__ == "KilledWorker":
        return (
            "the workers that read it were killed, again and again: it is set aside; look for what kills them, such "
            "as too little memory, and --resume reads it again"
        )
    return f"the cluster lost it ({type(error).__name__}: {error}): --resume reads it again"


def _nothing(future: Any) -> None:
    """Do nothing: who asks for the answer looks by itself."""
