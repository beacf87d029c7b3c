"""Reads several recordings at a time, each in a thread of its own, and gives what becomes of them one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from ..errors import CancelledError
from ..progress import Progress
from ..session import OnSegment
from ..transcript.transcript import Transcript
from ..transcript.types import Segment

Ask = Callable[..., Transcript]
"""Functions such as `Recognizer.transcribe`."""
Save = Callable[[Transcript], None]

_BEGUN_PER_JOB = 4
"""Recordings that are begun and not yet told at most, for each that is read: the first may be the longest."""

_LOOK_UP_S = 0.5
"""Seconds after which a wait is taken up again: some systems let nobody interrupt one."""


class ReadingAhead:
    """A model that is asked for recordings in an order that is known before.

    Who asks gets segments and progress in his own thread as they come, or came, and the result: all is as if the
    recording were read only then.
    """

    def __init__(
        self, ask: Ask, recordings: Iterator[tuple[str, Save]], settings: Mapping[str, Any], n_jobs: int
    ) -> None:
        """Begin to read `n_jobs` recordings at a time; each comes with what saves its transcript, in any thread."""
        self._ask = ask
        self._settings = settings
        self._recordings = recordings
        self._pool = ThreadPoolExecutor(n_jobs, thread_name_prefix="edgewise-read")
        self._jobs: dict[str, _Job] = {}
        self._begin(_BEGUN_PER_JOB * n_jobs)

    def transcribe(self, name: str, *, on_segment: OnSegment, progress: Progress) -> Transcript:
        """Give what the model gives for the next recording, `name`."""
        try:
            transcript = self._jobs[name].follow(on_segment, progress)
        except Exception:
            self._end(name)
            raise
        self._end(name)
        return transcript

    def stop(self) -> None:
        """Read no further; what is on its way ends at its next window."""
        for job in self._jobs.values():
            job.is_stopped = True
        self._pool.shutdown(cancel_futures=True)

    def saved(self) -> Iterator[tuple[str, Transcript]]:
        """Give the recordings that are saved and were not given yet, in order; to be called after `stop`."""
        for name, job in self._jobs.items():
            if job.saved is not None:
                yield name, job.saved

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _end(self, name: str) -> None:
        """Forget a recording, which makes room for another."""
        self._jobs.pop(name).is_stopped = True
        self._begin(1)

    def _begin(self, n: int) -> None:
        for name, save in islice(self._recordings, n):
            job = self._jobs[name] = _Job()
            self._pool.submit(job.run, self._ask, name, self._settings, save)


class _Job:
    """One recording: what its thread tells waits here until somebody asks."""

    def __init__(self) -> None:
        self.is_stopped = False
        """Whether nobody will ask any more."""
        self.saved: Transcript | None = None
        """Transcript, once it is saved."""
        self._told: SimpleQueue[Segment | tuple[str, int, int] | Transcript | BaseException] = SimpleQueue()

    def run(self, ask: Ask, name: str, settings: Mapping[str, Any], save: Save) -> None:
        """Read the recording, and tell of it."""
        try:
            transcript = ask(name, on_segment=self._found, progress=self._went_on, **settings)
            self._check()
            save(transcript)
            self.saved = transcript
            self._told.put(transcript)
        except BaseException as error:
            self._told.put(error)

    def follow(self, on_segment: OnSegment, progress: Progress) -> Transcript:
        """Pass on what is told until the end."""
        while True:
            try:
                told = self._told.get(timeout=_LOOK_UP_S)
            except Empty:
                continue
            if isinstance(told, Transcript):
                return told
            if isinstance(told, BaseException):
                raise told
            if isinstance(told, Segment):
                on_segment(told)
            else:
                progress(*told)

    def _found(self, segment: Segment) -> None:
        self._check()
        self._told.put(segment)

    def _went_on(self, what: str, done: int, total: int) -> None:
        self._check()
        self._told.put((what, done, total))

    def _check(self) -> None:
        if self.is_stopped:
            raise CancelledError("the run was interrupted")
