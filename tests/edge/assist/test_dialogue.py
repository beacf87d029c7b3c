"""The dialogue and its ear on scripted sound: a loud sample is speech, and the words stand in a list."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest

from edge.arrays import FloatArray
from edge.assist.answers import Answers
from edge.assist.assistant import Assistant, Parts
from edge.assist.ear import NOTHING, Ear, Heard
from edge.assist.echo import NoEcho
from edge.assist.intent import Intent, Plan
from edge.assist.phase import Phase
from edge.assist.speaker import Speaker
from edge.assist.voice import Spoken
from edge.audio.microphone import Captured
from edge.errors import OutputError
from edge.gaps import Gap
from edge.listen.vad.silero import SileroVad
from edge.wake import Detection, Spotter

RATE_HZ = 16000
TIME = Heard("sentence", "what time is it", "HassGetCurrentTime")


class Vad:
    """A detector that takes what is loud for speech."""

    def stream(self) -> Vad:
        return self

    def feed(self, samples: FloatArray) -> FloatArray:
        frames = samples.reshape(-1, 512)
        return np.asarray(np.abs(frames).max(axis=1) > 0.1, np.float32)


def _sound(*parts: tuple[float, bool]) -> FloatArray:
    """Speech and silence, of so many seconds."""
    noise = np.random.default_rng(0).normal(0, 0.3, 60 * RATE_HZ).clip(-1, 1).astype(np.float32)
    return np.concatenate([noise[: round(s * RATE_HZ)] * (1 if speaks else 1e-6) for s, speaks in parts])


def _ear(read: Callable[[FloatArray], Heard], **more: Any) -> Ear:
    options: dict[str, Any] = {"endpoint_s": 0.7, "patience_s": 2.0, "longest_s": 5.0} | more
    return Ear(cast(SileroVad, Vad()), read, **options)


def _over(ear: Ear, samples: FloatArray) -> tuple[Heard | None, float]:
    """What was heard, and after how many seconds."""
    for at in range(0, len(samples), 800):
        heard = ear.feed(samples[at : at + 800])
        if heard is not None:
            return heard, (at + 800) / RATE_HZ
    return None, len(samples) / RATE_HZ


@pytest.mark.parametrize(("kind", "seconds"), [("sentence", 1.85), ("free", 2.55)])
def test_a_whole_sentence_ends_sooner_than_other_words(kind: Any, seconds: float) -> None:
    prepared: list[Heard] = []
    heard = Heard(kind, "words")
    ear = _ear(lambda samples: heard, on_pause=prepared.append)
    found, after_s = _over(ear, _sound((0.5, False), (1.0, True), (3.0, False)))
    assert found == heard
    assert after_s == pytest.approx(seconds, abs=0.1)
    assert prepared == [heard]


def test_who_says_nothing_is_waited_for_and_no_longer() -> None:
    heard, seconds = _over(_ear(lambda samples: TIME), _sound((5.0, False)))
    assert heard == NOTHING
    assert seconds == pytest.approx(2.0, abs=0.1)


def test_noise_that_has_no_words_is_no_command() -> None:
    heard, seconds = _over(_ear(lambda samples: NOTHING), _sound((0.3, False), (1.0, True), (5.0, False)))
    assert heard == NOTHING
    assert seconds < 4


def test_who_does_not_stop_is_read_all_the_same() -> None:
    heard, seconds = _over(_ear(lambda samples: TIME), _sound((20.0, True)))
    assert heard == TIME
    assert seconds == pytest.approx(5.0, abs=0.2)


@dataclass
class World:
    """What an assistant has around it, and what it did."""

    script: list[Heard]
    at: int = 0
    wakes_at: list[int] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    due: list[str] = field(default_factory=list)
    playing: bool = False

    def feed(self, samples: FloatArray) -> list[Detection]:
        self.at += len(samples)
        found = [at for at in self.wakes_at if at <= self.at]
        self.wakes_at = [at for at in self.wakes_at if at > self.at]
        return [Detection("computer", at, 1.0) for at in found]

    def reset(self) -> None:
        """Nothing is remembered."""

    @property
    def is_on(self) -> bool:
        return self.playing

    def play(self, spoken: Spoken) -> None:
        self.playing = True

    def stop(self) -> None:
        self.playing = False

    @property
    def name(self) -> str:
        return "a voice of a test's"

    def speak(self, text: str) -> Spoken:
        self.said.append(text)
        return Spoken(np.zeros(160, np.float32), RATE_HZ)

    def close(self) -> None:
        """Nothing is open."""

    def to_say(self) -> list[str]:
        due, self.due = self.due, []
        return due


def _skill(intent: Intent) -> Plan | None:
    def fail() -> str:
        raise OutputError("the lamp is gone")

    plans = {"HassGetCurrentTime": Plan("It is late."), "HassTurnOn": Plan(act=fail, is_known=False)}
    return plans.get(intent.name)


def _assistant(world: World) -> Assistant:
    return Assistant(
        Parts(
            spotter=cast(Spotter, world),
            begin_ear=lambda patience_s, on_pause: _ear(
                lambda samples: world.script[0], patience_s=patience_s, on_pause=on_pause
            ),
            skills=(_skill,),
            answers=Answers(world),
            speaker=cast(Speaker, world),
            echo=NoEcho(),
            begin_barge=lambda: None,
            patience_s=2.0,
            follow_up_s=0.0,
            answers_all=True,
            tell=world.told.append,
            show=world.phases.append,
            to_say=world.to_say,
        )
    )


def _hear(assistant: Assistant, samples: FloatArray, start: int = 0) -> int:
    for at in range(0, len(samples), 800):
        assistant.take(Captured(samples[at : at + 800], start + at))
    return start + len(samples)


def _wait(assistant: Assistant, phase: Phase) -> None:
    deadline = time.monotonic() + 5
    while assistant.phase is not phase:
        assert time.monotonic() < deadline
        assistant.take(Captured(np.zeros(0, np.float32), 0))
        time.sleep(0.005)


def test_a_command_is_answered_and_then_it_waits_again() -> None:
    world = World([TIME], wakes_at=[RATE_HZ])
    assistant = _assistant(world)
    _hear(assistant, _sound((1.2, False), (1.0, True), (1.0, False)))
    _wait(assistant, Phase.ANSWERING)
    assert world.playing
    assert world.said == ["It is late."]  # once, although it was made in the pause and said at the end
    world.playing = False
    _wait(assistant, Phase.WAITING)
    assert world.phases == [Phase.LISTENING, Phase.ACTING, Phase.ANSWERING, Phase.WAITING]
    assert world.told == ["heard: what time is it [HassGetCurrentTime]", "says: It is late."]
    assistant.close()


def test_nothing_is_done_without_the_wake_word_or_after_silence() -> None:
    world = World([TIME])
    assistant = _assistant(world)
    _hear(assistant, _sound((3.0, True), (2.0, False)))
    assert world.phases == []
    world.wakes_at = [world.at + 100]
    _hear(assistant, _sound((4.0, False)))
    assert world.phases == [Phase.LISTENING, Phase.WAITING]
    assert world.said == []
    assistant.close()


def test_the_wake_word_stops_an_answer() -> None:
    world = World([TIME], wakes_at=[RATE_HZ])
    assistant = _assistant(world)
    _hear(assistant, _sound((1.2, False), (1.0, True), (1.0, False)))
    _wait(assistant, Phase.ANSWERING)
    world.wakes_at = [world.at + 100]
    _hear(assistant, _sound((0.2, False)))
    assert (assistant.phase, world.playing) == (Phase.LISTENING, False)
    assistant.close()


@pytest.mark.parametrize(
    ("heard", "answer"),
    [
        (Heard("sentence", "lamp on", "HassTurnOn"), "Sorry, that did not work."),
        (Heard("free", "blah"), "Sorry, I did not understand that."),
    ],
    ids=["fails", "free"],
)
def test_what_fails_and_what_nobody_understands_is_said(heard: Heard, answer: str) -> None:
    world = World([heard], wakes_at=[100])
    assistant = _assistant(world)
    _hear(assistant, _sound((0.5, False), (1.0, True), (2.0, False)))
    _wait(assistant, Phase.ANSWERING)
    assert world.said == [answer]
    assistant.close()


def test_what_is_due_is_said_when_nobody_is_listened_to() -> None:
    world = World([TIME], due=["Your timer is done."])
    assistant = _assistant(world)
    _hear(assistant, _sound((0.1, False)))
    _wait(assistant, Phase.ANSWERING)
    assert world.said == ["Your timer is done."]
    assistant.close()


def test_a_gap_begins_the_command_anew() -> None:
    world = World([TIME], wakes_at=[100])
    assistant = _assistant(world)
    end = _hear(assistant, _sound((0.5, False), (1.0, True)))
    assistant.take(Gap(end / RATE_HZ, end / RATE_HZ + 1, "the microphone was gone"))
    _hear(assistant, _sound((1.9, False)))
    assert world.phases == [Phase.LISTENING]
    assistant.close()
