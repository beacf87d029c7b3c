"""Parts that say what they are fed, for recordings whose sections are read apart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import numpy as np

from edge.arrays import FloatArray
from edge.errors import CancelledError
from edge.gaps import Gap
from edge.listen.pauses import PauseCutter, Piece
from edge.transcript.events import End, Event, Final, Partial
from edge.transcript.types import Decoding, Segment, Timing, Word
from edge.whisper.parallel import ParallelSession, Sections

RATE_HZ = 16000


class SecondsCutter(PauseCutter):
    """Ends a section after each block, except one that begins with a negative sample."""

    def feed(self, samples: FloatArray) -> Iterator[Piece]:
        yield Piece(samples, is_last=samples[0] >= 0)

    def finish(self) -> Iterator[Piece]:
        return iter(())


class SpokenPart:
    """Says the first sample of each block, 0.5 s into the section."""

    def __init__(self, stage: Stage, language: str | None) -> None:
        self._stage = stage
        self._language = language
        self._n_samples = 0
        self._is_cancelled = threading.Event()
        self.done_s = 0.0
        with stage.lock:
            stage.languages.append(language)
            stage.n_open += 1
            stage.most_open = max(stage.most_open, stage.n_open)

    def feed(self, samples: FloatArray) -> list[Event]:
        said, at = round(abs(float(samples[0])) * 100), self._n_samples / RATE_HZ
        self._stage.said.append(said)
        self._n_samples += len(samples)
        if wait := self._stage.waits.get(said):
            while not wait():
                if self._is_cancelled.is_set():
                    raise CancelledError("cancelled")
                time.sleep(0.001)
        if said in self._stage.silent:
            return []
        word = Word(at + 0.5, at + 0.75, f" {said}", 0.9)
        decoding = Decoding(round(at * 100), (said,), 0.0, -0.1, 1.0, 0.0)
        segment = Segment(0, at + 0.5, at + 0.75, f" {said}", (word,), self._language or "de", decoding=decoding)
        return [Final(segment), Partial(at + 0.8, at + 0.9, "and")]

    def finish(self) -> list[Event]:
        if self._stage.fails(self._stage.said[-1]):
            raise ValueError("no window could be read")
        seconds = self._n_samples / RATE_HZ
        probabilities = {"de": 1.0} if self._language is None else {}
        gap = Gap(0.1, 0.2, "unread", "unread")
        return [gap, End(self._language or "de", seconds, Timing(n_windows=1), probabilities, peak=seconds / 100)]

    def cancel(self) -> None:
        self._is_cancelled.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stage.lock:
            self._stage.n_open -= 1


class Stage:
    """What parts do, and did."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.languages: list[str | None] = []
        self.said: list[int] = []
        self.waits: dict[int, Callable[[], bool]] = {}
        self.silent: set[int] = set()
        self.n_open = self.most_open = 0
        self.fails: Callable[[int], bool] = lambda said: False

    def session(
        self, n_at_once: int = 3, language: str | None = "en", *, finds_language: bool = False
    ) -> ParallelSession:
        return ParallelSession(
            self.sections(n_at_once, language, finds_language=finds_language), SecondsCutter(), language
        )

    def sections(self, n_at_once: int, language: str | None, *, finds_language: bool, first: int = 0) -> Sections:
        def begin(code: str | None) -> SpokenPart:
            return SpokenPart(self, code)

        return Sections(begin, n_at_once, language, finds_language=finds_language, first=first)


def second(said: int, *, goes_on: bool = False) -> FloatArray:
    return np.full(RATE_HZ, -said / 100 if goes_on else said / 100, np.float32)
