"""Sections that are read at the same time: in order, in their places, with the language of those before."""

from __future__ import annotations

import gc
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import edge
from edge.arrays import FloatArray
from edge.audio import open_audio
from edge.errors import BusyError, OptionError
from edge.gaps import Gap
from edge.transcript.events import End, Event, Final, Partial
from edge.transcript.types import Segment
from edge.whisper.engines.shared import Scheduler
from edge.whisper.session import WhisperSession

from .spoken import RATE_HZ, Stage, second

PATIENCE_S = 30


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
            assert len(session._sections._left) <= 3, "what waits is bounded as well"
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


def test_the_others_are_read_as_soon_as_the_language_is_known() -> None:
    stage = Stage()
    began = time.monotonic()
    stage.waits[2] = lambda: {3, 4} <= set(stage.said) or time.monotonic() > began + PATIENCE_S
    with stage.session(language=None, finds_language=True) as session:
        events = session.feed(second(1, goes_on=True))
        events += [event for said in range(2, 5) for event in session.feed(second(said))] + session.finish()
    assert stage.said.index(2) < stage.said.index(3), "it is read while the others are"
    assert time.monotonic() < began + PATIENCE_S, "the first section need not end"
    assert [text for _, _, text in finals(events)] == [" 1", " 2", " 3", " 4"]
    assert stage.languages == [None, "de", "de"]


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


def test_nothing_of_its_sections_is_left(model: edge.Model, speech: FloatArray) -> None:
    """Without waiting for Python's collector: what they hold would grow with the number of recordings."""
    gc.collect()
    gc.disable()
    try:
        model.transcribe(speech, parallel=True)
        left = [one for one in gc.get_objects() if isinstance(one, WhisperSession)]
        assert len(left) <= 1, "the last one, which a thread may still hold"
    finally:
        gc.enable()


def test_it_counts_as_one_session(model: edge.Model, speech: FloatArray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "scheduler", Scheduler(most_sessions=1))
    assert model.transcribe(speech, parallel=True, vad=False, temperature=0).text
    assert model.scheduler.n_calls > 1.2 * model.scheduler.n_steps, "its sections share steps"
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
