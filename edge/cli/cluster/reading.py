"""Hands recordings to the workers of a Dask cluster, and gives what becomes of them one by one, in order.

Dask itself runs a task again whose worker was killed. A recording whose workers are killed each time is set aside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from ...errors import ClusterError
from ...progress import Progress
from ...session import OnSegment
from ...threads import default_threads
from ...transcript.transcript import Transcript
from ..console.sinks import FileSink
from ..options.recordings import LOCAL_CLUSTER
from .division import n_parts, part_s
from .jobs import Job
from .tasks import Answer, Task

TRIES = 3
"""Workers that may be killed over a recording; a scheduler of its own has a setting for it."""

_CONNECT_S = 30
_UNDISTURBED = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
"""Code that each worker of this machine runs first: Ctrl-C reaches it too, and is for whoever started it to handle."""
_LAST_WORD_S = 2
"""Seconds in which a worker must give what it found before an interruption."""
_LOOK_S = 0.5
"""Seconds between two looks at how many recordings are done."""


class ClusterReading:
    """Recordings that workers read, the longest first, and that are asked for in order."""

    def __init__(self, address: str, tasks: Sequence[tuple[str, Task, FileSink]], n_workers: int | None) -> None:
        """Send each task, with the name of its recording and the sink that tells of its files.

        `n_workers` are started where `address` is "local", by default one for each of this machine's cores.

        Raises:
            ClusterError: there is no scheduler at the address, or Dask is not installed.
        """
        self._closing = ExitStack()
        self._client = _connect(address, n_workers, self._closing)
        self._sinks = {name: sink for name, _, sink in tasks}
        self._news: SimpleQueue[Callable[[], None]] = SimpleQueue()
        """Steps to take, since tasks are done."""
        share_s = part_s((task.duration_s for _, task, _ in tasks), sum(self._client.nthreads().values()))
        self._jobs = {
            # A long recording that is begun last is waited for by all.
            name: Job(
                task,
                n_parts(task.duration_s, share_s) if task.is_divisible else 1,
                partial(self._send, _size(task)),
            )
            for name, task, _ in tasks
        }
        self._left = dict(self._jobs)

    def transcribe(self, name: str, *, on_segment: OnSegment, progress: Progress) -> Transcript:
        """Wait for a recording; its files are there when it is given.

        Raises:
            ClusterError: it could not be read, or its workers were killed.
        """
        job = self._jobs[name]
        while not job.is_over:
            try:
                self._news.get(timeout=_LOOK_S)()
            except Empty:
                jobs = self._jobs.values()
                done, of = sum(one.n_done for one in jobs), sum(one.n_tasks for one in jobs)
                progress("recordings" if of == len(jobs) else "parts", done, of)
        del self._left[name]
        return self._told(name, job.answer())

    def stop(self) -> None:
        """Let nothing more be begun."""
        self._client.cancel([future for job in self._left.values() for future in job.unfinished()])

    def saved(self) -> Iterator[tuple[str, Transcript]]:
        """Give the recordings that have their files and were not asked for, in order."""
        for name, job in self._left.items():
            if not job.is_written:
                continue
            try:
                answer = job.answer(_LAST_WORD_S)
            except ClusterError:  # its worker was interrupted as well: the files are there, and --resume finds them
                continue
            if answer.transcript is not None:
                yield name, self._told(name, answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def _send(self, priority: int, function: Callable[..., Any], *arguments: Any, then: Callable[[Any], None]) -> Any:
        """Have a worker call a function; `then` is called with the future while somebody waits for a recording."""
        future = self._client.submit(function, *arguments, priority=priority, pure=False)
        future.add_done_callback(lambda done: self._news.put(partial(then, done)))
        return future

    def _told(self, name: str, answer: Answer) -> Transcript:
        if answer.transcript is None:
            raise ClusterError(answer.failure)
        self._sinks[name].saved = answer.saved
        return answer.transcript


def _connect(address: str, n_workers: int | None, closing: ExitStack) -> Any:
    """Open a client of a scheduler, or of one that is started here with its workers, until `closing` ends."""
    try:
        import dask
        import distributed
    except ImportError as error:
        raise ClusterError(f'--cluster needs Dask ({error}): pip install "edgewise[cluster]"') from error
    # What Dask logs of workers that come and go is said of each recording. A worker that is killed takes with it what
    # waits there, so nothing does.
    of_ours = {"distributed.scheduler.allowed-failures": TRIES - 1, "distributed.scheduler.worker-saturation": 1.0}
    quiet = {"distributed.logging.distributed": "critical", "distributed.admin.large-graph-warning-threshold": "1GB"}
    closing.enter_context(dask.config.set({**quiet, **of_ours}))
    where: Any = address
    if address == LOCAL_CLUSTER:
        where = closing.enter_context(
            distributed.LocalCluster(
                n_workers=n_workers or default_threads(),
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                silence_logs="CRITICAL",
                preload=[_UNDISTURBED],
            )
        )
    try:
        return closing.enter_context(distributed.Client(where, timeout=_CONNECT_S, set_as_default=False))
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"{address}: expected a Dask scheduler, found none ({error}): start one with `dask scheduler`, or give "
            f"--cluster {LOCAL_CLUSTER}"
        ) from error


def _size(task: Task) -> int:
    try:
        return task.audio.stat().st_size
    except OSError:
        return 0
