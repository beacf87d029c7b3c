"""Sections that are read at the same time: in order, in their places, with the language of those before."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pytest

import edge
from edge.arrays import FloatArray
from edge.audio import open_audio
from edge.errors import BusyError, CancelledError, OptionError
from edge.gaps import Gap
from edge.listen.pauses import PauseCutter, Piece
from edge.transcript.events import End, Event, Final, Partial
from edge.transcript.types import Decoding, Segment, Timing, Word
from edge.whisper.engines.shared import Scheduler
from edge.whisper.parallel import ParallelSession

RATE_HZ = 16000
PATIENCE_S = 30


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
        def begin(code: str | None) -> SpokenPart:
            return SpokenPart(self, code)

        return ParallelSession(begin, SecondsCutter(), n_at_once, language, finds_language=finds_language)


def second(said: int, *, goes_on: bool = False) -> FloatArray:
    return np.full(RATE_HZ, -said / 100 if goes_on else said / 100, np.float32)


def finals(events: list[Event]) -> list[tuple[int, float, str]]:
    return [(event.segment.id, event.segment.start, event.segment.text) for event in events if isinstance(event, Final)]


def test_what_is_found_comes_in_order_and_in_its_place() -> None:
    stage = Stage()
    stage.waits[1] = lambda: 3 in stage.said
    with stage.session() as session:
        events = [event for said in range(1, 6) for event in session.feed(second(said))] + session.finish()
    assert finals(events) == [(n, n + 0.5, f" {n + 1}") for n in range(5)]
    last = next(event.segment for event in reversed(events) if isinstance(event, Final))
    assert (last.words[0].start, last.decoding and last.decoding.seek) == (4.5, 400)
    assert [event.start for event in events if isinstance(event, Gap)] == [0.1, 1.1, 2.1, 3.1, 4.1]
    assert [event.end for event in events if isinstance(event, Partial)] == [0.9, 1.9, 2.9, 3.9, 4.9]
    end = events[-1]
    assert isinstance(end, End)
    assert (end.language, end.duration, end.timing.n_windows, end.peak) == ("en", 5.0, 5, 0.01)
    assert session.done_s == 5.0


def test_a_section_goes_on_until_it_ends() -> None:
    stage = Stage()
    with stage.session() as session:
        events = session.feed(second(1, goes_on=True)) + session.feed(second(2)) + session.feed(second(3))
        events += session.finish()
    assert finals(events) == [(0, 0.5, " 1"), (1, 1.5, " 2"), (2, 2.5, " 3")]
    assert len(stage.languages) == 2


def test_no_more_are_read_at_once_than_may_be() -> None:
    stage = Stage()
    with stage.session(2) as session:
        for said in range(1, 30):
            session.feed(second(said))
            assert len(session._sections) <= 3, "what waits is bounded as well"
        session.finish()
    assert 1 <= stage.most_open <= 2


def test_the_first_text_settles_the_language() -> None:
    stage = Stage()
    stage.silent = {1}
    with stage.session(language=None, finds_language=True) as session:
        events = [event for said in range(1, 6) for event in session.feed(second(said))] + session.finish()
    assert stage.languages == [None, None, "de", "de", "de"]
    end = events[-1]
    assert isinstance(end, End)
    assert (end.language, end.language_probabilities) == ("de", {"de": 1.0})


def test_a_section_that_fails_is_a_gap() -> None:
    stage = Stage()
    stage.fails = lambda said: said == 2
    with stage.session(1) as session:
        events = [event for said in range(1, 4) for event in session.feed(second(said))] + session.finish()
    (gap,) = (event for event in events if isinstance(event, Gap) and event.cause == "failure")
    assert (gap.start, gap.end, gap.reason) == (1.0, 2.0, "ValueError: no window could be read")


def test_if_all_fail_the_last_error_is_raised() -> None:
    stage = Stage()
    stage.fails = lambda said: True
    with stage.session(1) as session:
        for said in (1, 2):
            session.feed(second(said))
        with pytest.raises(ValueError, match="no window"):
            session.finish()


def test_nothing_is_read_on_when_it_is_closed() -> None:
    stage = Stage()
    stage.waits = {1: lambda: False, 2: lambda: False}
    with stage.session(2, language=None, finds_language=True) as session:
        for said in (1, 2):
            session.feed(second(said))
        session.close()
    assert stage.n_open == 0


def test_silence_has_an_end_too() -> None:
    with Stage().session() as session:
        (end,) = session.finish()
    assert isinstance(end, End)
    assert (end.language, end.duration) == ("en", 0.0)


def test_it_cannot_be_shown_the_text_before() -> None:
    with pytest.raises(OptionError, match="leave one out"):
        edge.TranscribeOptions(parallel=True, condition_on_previous_text=True)


@pytest.fixture(scope="module")
def model(tiny_en_int8: Path) -> edge.Model:
    found = edge.load(tiny_en_int8, offline=True)
    assert isinstance(found, edge.Model)
    return found


@pytest.fixture(scope="module")
def speech(jfk_clip: Path) -> FloatArray:
    """A minute and more of a speaker who pauses."""
    with open_audio(jfk_clip) as source:
        clip = np.concatenate(list(source))
    return np.concatenate([clip, np.zeros(8000, np.float32)] * 6)


def test_a_recording_is_read_the_same_every_time(model: edge.Model, speech: FloatArray) -> None:
    settings: edge.Settings = {"parallel": True, "vad": False, "temperature": 0, "word_timestamps": True}
    found = [model.transcribe(speech, **settings) for _ in range(2)]
    assert found[0].segments == found[1].segments == tuple(model.stream_file(speech, **settings))
    words = [word for segment in found[0].segments for word in segment.words]
    assert all(before.start <= after.start for before, after in pairwise(words))
    assert 60 < words[-1].end <= found[0].duration == len(speech) / RATE_HZ
    assert [segment.id for segment in found[0].segments] == list(range(len(found[0].segments)))


def test_it_counts_as_one_session(model: edge.Model, speech: FloatArray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "scheduler", Scheduler(most_sessions=1))
    assert model.transcribe(speech, parallel=True, vad=False, temperature=0).text
    with model.session(), pytest.raises(BusyError):
        model.transcribe(speech, parallel=True, vad=False, temperature=0)
    with pytest.raises(OptionError, match="for recordings"):
        model.session(parallel=True)


def test_an_error_of_the_caller_ends_it(model: edge.Model, speech: FloatArray) -> None:
    def fail(segment: Segment) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        model.transcribe(speech, parallel=True, vad=False, temperature=0, on_segment=fail)
    assert not model.scheduler._sessions
