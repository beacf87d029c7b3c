"""Live sessions with scripts in place of a model: what comes when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.arrays import FloatArray
from edge.errors import AudioError, OptionError
from edge.gaps import Gap
from edge.live.options import LiveOptions
from edge.live.passes import HeardWord, Pass
from edge.live.session import LiveSession
from edge.transcript.events import End, Event, Final, Partial, Silence, Speech, Stable

from .parts import RATE_HZ, WEIGHTS, CountingFinals, CountingReader, LoudIsSpeech, sound


def session(**options: Any) -> LiveSession:
    detector: Any = LoudIsSpeech()
    live = LiveOptions(**options)
    # By a clock that stands still readings cost nothing, so that none is left out on a busy machine.
    return LiveSession(CountingFinals, lambda language: CountingReader(), detector, live, WEIGHTS, clock=lambda: 0.0)


def run(running: LiveSession, samples: FloatArray, size: int = 1600) -> list[Event]:
    events = [event for at in range(0, len(samples), size) for event in running.feed(samples[at : at + size])]
    return events + running.finish()


def finals(events: list[Event]) -> list[tuple[int, float, str]]:
    return [(one.segment.id, one.segment.start, one.segment.text) for one in events if isinstance(one, Final)]


def stable(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Stable))


TALK = sound((1.0, 0.0), (3.2, 0.5), (2.0, 0.0), (2.2, 0.5), (2.0, 0.0))


def test_each_turn_is_final_after_its_silence() -> None:
    events = run(session(), TALK)
    assert finals(events) == [(0, 0.7, " w0 w1 w2."), (1, 5.92, " w0 w1.")]
    kinds = [type(event) for event in events if not isinstance(event, (Partial, Stable))]
    assert kinds == [Speech, Final, Silence, Speech, Final, Silence, End]
    end = events[-1]
    assert isinstance(end, End)
    assert (end.language, end.timing.n_windows) == ("de", 2)
    assert end.duration == pytest.approx(10.4)


def test_words_are_stable_before_the_turn_ends_and_are_never_taken_back() -> None:
    shown = ""
    so_far: list[str] = []
    for event in run(session(), TALK):
        if isinstance(event, Speech):
            shown = ""
        elif isinstance(event, Stable):
            shown += event.text
            so_far.append(event.text)
        elif isinstance(event, Partial):
            assert event.text[: event.n_stable] == shown
    assert "".join(so_far) == " w0 w1 w2. w0 w1."
    assert so_far[0] == " w0"


def test_sound_that_ends_in_the_middle_of_a_turn_is_final() -> None:
    events = run(session(), sound((1.0, 0.0), (3.2, 0.5)))
    assert finals(events) == [(0, 0.7, " w0 w1 w2.")]
    assert stable(events) == " w0 w1 w2."


def test_without_an_endpoint_the_sound_is_one_text() -> None:
    events = run(session(endpoint=None), TALK)
    assert finals(events) == [(0, 0.0, "".join(f" w{number}" for number in range(10)) + ".")]


def test_silence_after_a_released_key_is_left_out() -> None:
    talk = sound((1.0, 0.0), (3.2, 0.5), (0.5, 0.0))
    running = session(endpoint=None, trim=True)
    events = run(running, talk)
    assert finals(events) == [(0, 0.0, " w0 w1 w2 w3.")]
    assert events[-1].duration == pytest.approx(4.7) if isinstance(events[-1], End) else False


def test_a_gap_ends_a_turn_and_moves_what_follows() -> None:
    running = session()
    events = [*running.feed(sound((1.0, 0.0), (2.2, 0.5))), *running.skip(Gap(3.2, 13.2, "unplugged"))]
    assert finals(events) == [(0, 0.7, " w0 w1.")]
    assert isinstance(events[-1], Gap)
    events = run(running, sound((1.0, 0.0), (2.2, 0.5)))
    assert finals(events) == [(1, 13.9, " w0 w1.")]
    end = events[-1]
    assert isinstance(end, End)
    assert end.duration == pytest.approx(16.4)


def test_listening_takes_sound_and_gaps() -> None:
    pieces: list[FloatArray | Gap] = [sound((1.0, 0.0), (2.2, 0.5)), Gap(3.2, 4.2, "overflow"), sound((2.2, 0.5))]
    events = list(session().listen(pieces))
    assert [text for _, _, text in finals(events)] == [" w0 w1.", " w0 w1."]
    assert isinstance(events[-1], End)


def test_listening_takes_a_microphone() -> None:
    class Talker:
        def sound(self) -> Iterator[FloatArray | Gap]:
            yield sound((1.0, 0.0), (2.2, 0.5))

    assert [text for _, _, text in finals(list(session().listen(Talker())))] == [" w0 w1."]


@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=30))
@settings(deadline=None, max_examples=25)
def test_what_is_final_does_not_hang_on_pieces(sizes: list[int]) -> None:
    running, at, events = session(), 0, []
    for size in sizes:
        events += running.feed(TALK[at : at + size])
        at += size
    events += running.feed(TALK[at:])
    assert finals(events + running.finish()) == finals(run(session(), TALK))


def test_hours_of_speech_without_a_pause_take_little_memory() -> None:
    running = session(interval=10)
    held = []
    for _ in range(40):
        running.feed(np.full(10 * RATE_HZ, 0.5, np.float32))
        held.append(sum(len(part) for _, part in running._sound._parts))
    assert max(held) <= 50 * RATE_HZ


def test_silence_takes_no_memory() -> None:
    running = session()
    for _ in range(50):
        assert running.feed(np.zeros(RATE_HZ, np.float32)) == []
    assert sum(len(part) for _, part in running._sound._parts) <= 2 * RATE_HZ


def test_no_sound_is_an_end_without_words() -> None:
    assert [type(event) for event in session().finish()] == [End]


def test_an_ended_session_is_refused() -> None:
    running = session()
    running.finish()
    with pytest.raises(OptionError, match="has ended"):
        running.feed(np.zeros(10, np.float32))


def test_what_a_reader_used_is_not_given_back_after_an_error() -> None:
    closed: list[bool] = []

    class Broken(CountingReader):
        def read(self, kept: Sequence[HeardWord], heard_s: float) -> Pass:
            raise KeyboardInterrupt

        def close(self) -> None:
            closed.append(True)

    detector: Any = LoudIsSpeech()
    running = LiveSession(CountingFinals, lambda language: Broken(), detector, LiveOptions(), WEIGHTS)
    with pytest.raises(KeyboardInterrupt), running:
        running.feed(sound((1.0, 0.0), (2.0, 0.5)))
    assert closed == []


def test_other_sound_is_refused() -> None:
    wrong: Any = [0.0]
    with pytest.raises(AudioError, match="expected a float32 array"):
        session().feed(wrong)
    with pytest.raises(AudioError, match="expected mono"):
        session().feed(np.zeros((4, 2), np.float32))


def test_samples_that_are_no_numbers_are_a_gap() -> None:
    talk = TALK.copy()
    talk[40_000:44_000] = np.nan
    events = run(session(), talk)
    assert [gap.cause for gap in events if isinstance(gap, Gap)] == ["damage"]
    assert len(finals(events)) == 2
