"""Sound that comes in pieces: the same words and numbers as from one recording, whatever their size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

import edge
from edge.arrays import FloatArray
from edge.errors import AudioError, OptionError
from edge.options import Settings, TranscribeOptions
from edge.transcript.events import End, Event, Final, Partial
from edge.transcript.types import Timing
from edge.whisper.session import WhisperSession
from edge.whisper.tokens import Tokenizer

from .run import parts_of
from .test_session import FACTS, says, sound

Made = Callable[..., Any]
NO_TIME = Timing()


@pytest.fixture(scope="module")
def model(tiny_en_int8: Path) -> edge.Recognizer:
    return edge.load(tiny_en_int8, threads=1, offline=True)


def in_pieces(session: edge.Session, samples: FloatArray, size: int) -> list[Event]:
    with session:
        events = [event for at in range(0, len(samples), size) for event in session.feed(samples[at : at + size])]
        return events + session.finish()


def test_odd_pieces_give_what_one_shot_gives(model: edge.Recognizer, jfk_clip: Path) -> None:
    clip = soundfile.read(jfk_clip, dtype="float32")[0]
    samples = np.concatenate([clip, np.zeros(8000, np.float32), clip, clip[:90_001]])  # more than one window
    cases: tuple[Settings, ...] = ({}, {"word_timestamps": True, "timestamps": False})
    for settings in cases:
        whole = model.transcribe(samples, **settings)
        for size in (1, 160, 511, 16_001, len(samples)):
            if size == 1 and settings:
                continue
            *found, end = in_pieces(model.session(**settings), samples, size)
            assert tuple(event.segment for event in found if isinstance(event, Final)) == whole.segments
            assert isinstance(end, End)
            assert (end.language, end.duration, end.peak) == (whole.language, whole.duration, whole.peak)


def test_segments_come_while_sound_comes(english: Tokenizer, engine_of: Made, script: Made) -> None:
    engine = engine_of(script(english, says(english, 0.0, " ask", 10.0, 10.0, " not", 20.0, 20.0)))
    session = WhisperSession(parts_of(engine, english, FACTS), engine.new_state(5), TranscribeOptions())
    assert session.feed(sound(29)) == []
    assert [event.segment.text for event in session.feed(sound(5)) if isinstance(event, Final)] == [" ask", " not"]
    assert session.done_s == 20
    assert isinstance(session.finish()[-1], End)


def test_a_segment_that_goes_on_is_shown_before_it_is_whole(english: Tokenizer, engine_of: Made, script: Made) -> None:
    first_text = says(english, 0.0, " ask", 10.0, 10.0, " not wh")
    engine = engine_of(script(english, first_text, says(english, 0.0, " not", 9.0)))
    session = WhisperSession(parts_of(engine, english, FACTS), engine.new_state(5), TranscribeOptions())
    first, partial = session.feed(sound(33))
    assert isinstance(first, Final)
    assert partial == Partial(10.0, 30.0, " not wh")
    assert [event.segment.text for event in session.finish() if isinstance(event, Final)] == [" not"]


def said(events: list[Event]) -> list[tuple[float, float, str]]:
    return [(one.segment.start, one.segment.end, one.segment.text) for one in events if isinstance(one, Final)]


def test_a_look_ahead_gives_what_the_end_would_give(english: Tokenizer, engine_of: Made, script: Made) -> None:
    longer = says(english, 0.0, " ask", 5.0, 5.0, " not", 9.0)
    engine = engine_of(script(english, says(english, 0.0, " ask", 4.0), longer, longer))
    session = WhisperSession(parts_of(engine, english, FACTS), engine.new_state(5), TranscribeOptions())
    samples = sound(10)
    session.feed(samples[:80_000])
    assert said(session.ahead()) == [(0.0, 4.0, " ask")]
    session.feed(samples[80_000:])
    found = said(session.ahead())
    assert found == [(0.0, 5.0, " ask"), (5.0, 9.0, " not")]
    n_calls = len(engine.state.decoded)
    assert said(session.finish()) == found
    assert len(engine.state.decoded) == n_calls + 1  # what was read ahead is a draft, read again in one call


def test_a_look_ahead_gives_what_one_shot_gives(model: edge.Recognizer, jfk_clip: Path) -> None:
    clip = soundfile.read(jfk_clip, dtype="float32")[0]
    samples = np.concatenate([clip, np.zeros(8000, np.float32), clip, clip])  # more than one window
    with model.session() as session:
        found: list[Event] = []
        for at in range(0, len(samples), 80_000):
            found += session.feed(samples[at : at + 80_000])
            so_far = [*found, *session.ahead()]
            whole = model.transcribe(samples[: at + 80_000])
            assert tuple(event.segment for event in so_far if isinstance(event, Final)) == whole.segments


def test_speech_is_not_listened_for_ahead(english: Tokenizer, engine_of: Made, script: Made) -> None:
    detector: Any = SimpleNamespace(stream=lambda: None)
    parts = parts_of(engine_of(script(english, [])), english, FACTS)
    session = WhisperSession(parts, parts.engine.new_state(5), TranscribeOptions(vad=True), lambda: detector)
    with pytest.raises(OptionError, match="vad is True"):
        session.ahead()


def test_nothing_fed_is_an_end_without_words(english: Tokenizer, engine_of: Made, script: Made) -> None:
    engine = engine_of(script(english, []))
    session = WhisperSession(parts_of(engine, english, FACTS), engine.new_state(5), TranscribeOptions())
    assert session.feed(np.zeros(0, np.float32)) == []
    (end,) = session.finish()
    assert isinstance(end, End)
    assert replace(end, timing=NO_TIME) == End("en", 0.0, NO_TIME)


def test_an_ended_session_takes_nothing(english: Tokenizer, engine_of: Made, script: Made) -> None:
    given_back: list[int] = []
    engine = engine_of(script(english, []))
    parts, options = parts_of(engine, english, FACTS), TranscribeOptions()
    session = WhisperSession(parts, engine.new_state(5), options, give_back=lambda: given_back.append(1))
    session.feed(sound(1))
    session.close()
    session.close()
    assert given_back == [1]
    calls: tuple[Callable[[], object], ...] = (lambda: session.feed(sound(1)), session.finish)
    for call in calls:
        with pytest.raises(OptionError, match="the session has ended: begin another"):
            call()


def test_a_state_in_which_something_was_raised_is_not_used_again(
    english: Tokenizer, engine_of: Made, script: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[int] = []
    engine = engine_of(script(english, []))
    parts, options = parts_of(engine, english, FACTS), TranscribeOptions()

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    session = WhisperSession(parts, engine.new_state(5), options, give_back=lambda: given_back.append(1))
    monkeypatch.setattr(session._passages, "read", interrupt)
    with pytest.raises(KeyboardInterrupt), session:
        session.feed(sound(40))
    assert given_back == []


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(16, np.int16), "expected float32 samples between -1 and 1, found int16"),
        (np.zeros((16, 2), np.float32), r"expected mono samples of shape \(n_samples,\), found shape \(16, 2\)"),
        ([0.0, 0.1], "expected a float32 array of samples, found list"),
    ],
)
def test_what_is_no_sound_is_refused_and_the_session_goes_on(
    english: Tokenizer, engine_of: Made, script: Made, samples: Any, message: str
) -> None:
    engine = engine_of(script(english, english.encode(" ask")))
    parts, options = parts_of(engine, english, FACTS), TranscribeOptions(timestamps=False)
    session = WhisperSession(parts, engine.new_state(5), options)
    with pytest.raises(AudioError, match=message):
        session.feed(samples)
    session.feed(sound(4))
    assert [event.segment.text for event in session.finish() if isinstance(event, Final)] == [" ask"]


def test_an_hour_takes_no_more_memory_than_a_minute(english: Tokenizer, engine_of: Made, script: Made) -> None:
    engine = engine_of(script(english, says(english, 0.0, " ask", 28.0)))
    session = WhisperSession(parts_of(engine, english, FACTS), engine.new_state(5), TranscribeOptions())
    quiet, largest = np.zeros(16_001, np.float32), 0
    for _ in range(3600):
        session.feed(quiet)
        largest = max(largest, sum(map(len, session._frames._samples)), 160 * sum(map(len, session._frames._frames)))
    assert session.done_s > 3500
    assert largest <= 33 * 16_000
