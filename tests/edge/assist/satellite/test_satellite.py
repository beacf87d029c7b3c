"""A satellite on scripted sound: what it sends to Home Assistant, and what it does at its word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import pytest

from edge.arrays import FloatArray
from edge.assist.answers import Answers
from edge.assist.echo import NoEcho
from edge.assist.phase import Phase
from edge.assist.satellite.message import GONE, PAUSE, RUN, Message
from edge.assist.satellite.satellite import Parts, Satellite
from edge.assist.speaker import Speaker
from edge.assist.voice import Spoken
from edge.audio.microphone import Captured
from edge.wake import Detection, Spotter

RATE_HZ = 16000
FORM = {"rate": RATE_HZ, "width": 2, "channels": 1}


@dataclass
class World:
    """All that a satellite has around it, and what it did."""

    coming: list[Message] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    at: int = 0
    wakes_at: list[int] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    played: list[Spoken] = field(default_factory=list)
    is_on: bool = False
    name: str = "a voice of a test's"
    phrase: str = "Computer"

    @property
    def word(self) -> World:
        return self

    def send(self, *messages: Message) -> None:
        self.sent += messages

    def received(self) -> list[Message]:
        came, self.coming = self.coming, []
        return came

    def feed(self, samples: FloatArray) -> list[Detection]:
        self.at += len(samples)
        found = [at for at in self.wakes_at if at <= self.at]
        self.wakes_at = [at for at in self.wakes_at if at > self.at]
        return [Detection("Computer", at, 1.0) for at in found]

    def reset(self) -> None:
        """Nothing is remembered."""

    def play(self, spoken: Spoken) -> None:
        self.played.append(spoken)
        self.is_on = True

    def stop(self) -> None:
        self.is_on = False

    def speak(self, text: str) -> Spoken:
        self.said.append(text)
        return Spoken(np.zeros(160, np.float32), RATE_HZ)

    def close(self) -> None:
        """Nothing is open."""

    def kinds(self) -> list[str]:
        """Kinds of what was sent, without repetitions, and forget it."""
        kinds = [message.kind for message in self.sent]
        self.sent = []
        return [kind for number, kind in enumerate(kinds) if not number or kind != kinds[number - 1]]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def satellite(world: World) -> Satellite:
    return Satellite(
        Parts(
            home=world,
            wake="computer",
            spotter=cast(Spotter, world),
            answers=Answers(world),
            speaker=cast(Speaker, world),
            echo=NoEcho(),
            begin_barge=lambda: None,
            patience_s=2.0,
            longest_s=5.0,
            follow_up_s=0.0,
            tell=world.told.append,
            show=world.phases.append,
        )
    )


def hear(satellite: Satellite, seconds: float, value: float = 0.0) -> None:
    for _ in range(round(seconds * 20)):
        satellite.take(Captured(np.full(800, value, np.float32), 0))


def say(satellite: Satellite, world: World, *messages: Message) -> None:
    world.coming += messages
    hear(satellite, 0.05)


def answer(n_samples: int) -> list[Message]:
    return [
        Message("audio-start", FORM),
        Message("audio-chunk", FORM, b"\0\1" * n_samples),
        Message("audio-stop"),
    ]


def test_a_command_goes_from_the_wake_word_to_the_answer(world: World, satellite: Satellite) -> None:
    say(satellite, world, Message(RUN))
    world.wakes_at = [world.at + RATE_HZ]
    hear(satellite, 1.0, value=0.5)
    detection, run = world.sent[:2]
    assert (detection.kind, detection.data["name"]) == ("detection", "computer")
    assert (run.kind, run.data["start_stage"], run.data["end_stage"]) == ("run-pipeline", "asr", "tts")
    hear(satellite, 1.0)
    assert satellite.phase is Phase.LISTENING
    sound = np.concatenate([np.frombuffer(each.payload, "<i2") for each in world.sent if each.kind == "audio-chunk"])
    assert len(sound) == 1.1 * RATE_HZ  # with the end of the wake word, behind which some go on at once
    assert set(sound[: RATE_HZ // 10].tolist()) == {16383}

    world.sent = []
    say(satellite, world, Message("voice-stopped"), Message("transcript", {"text": "lights on"}))
    hear(satellite, 0.5)
    assert world.kinds() == []  # nothing of what is said after the command leaves the room
    say(satellite, world, Message("synthesize", {"text": "Done."}), *answer(800))
    assert (satellite.phase, len(world.played[0].samples)) == (Phase.ANSWERING, 800)
    world.is_on = False
    hear(satellite, 0.1)
    assert world.kinds() == ["played"]
    assert world.phases == [Phase.LISTENING, Phase.ACTING, Phase.ANSWERING, Phase.WAITING]
    assert world.told[1:] == ["heard: Computer", "understood: lights on", "says: Done."]


@pytest.mark.parametrize("kind", [PAUSE, GONE])
def test_nothing_is_heard_before_home_assistant_asks_or_after_it_is_gone(
    world: World, satellite: Satellite, kind: str
) -> None:
    world.wakes_at = [100]
    hear(satellite, 1.0)
    assert (world.at, world.sent) == (0, [])
    say(satellite, world, Message(RUN))
    hear(satellite, 0.5)
    assert satellite.phase is Phase.LISTENING
    say(satellite, world, Message(kind))
    world.sent, n_heard = [], world.at
    hear(satellite, 1.0)
    assert world.phases == [Phase.LISTENING, Phase.WAITING]
    assert (world.at, world.sent) == (n_heard, [])


def test_the_wake_word_stops_an_answer_and_what_still_comes_of_it(world: World, satellite: Satellite) -> None:
    say(satellite, world, Message(RUN), *answer(800))
    assert world.is_on
    start, chunk, stop = answer(800)
    say(satellite, world, start, chunk)
    world.wakes_at = [world.at + 100]
    hear(satellite, 0.05)
    assert (satellite.phase, world.is_on) == (Phase.LISTENING, False)
    assert world.kinds()[:3] == ["played", "detection", "run-pipeline"]
    say(satellite, world, chunk, stop)
    assert (satellite.phase, world.is_on) == (Phase.LISTENING, False)


def test_a_peer_that_never_says_that_it_heard_enough_hears_no_more(world: World, satellite: Satellite) -> None:
    say(satellite, world, Message(RUN))
    world.wakes_at = [world.at + 100]
    hear(satellite, 1.0)
    say(satellite, world, Message("voice-started"))
    hear(satellite, 4.5)
    assert world.phases == [Phase.LISTENING]
    hear(satellite, 1.0)
    assert world.phases == [Phase.LISTENING, Phase.WAITING]
    assert world.sent[-1].kind == "audio-stop"


@pytest.mark.parametrize(
    "messages",
    [
        [Message("error", {"text": "no speech"})],
        [Message("audio-start"), Message("audio-chunk", {"rate": 1}, b"\0\0"), Message("audio-stop")],
        [Message("audio-stop"), Message("audio-chunk", FORM, b"\0\0"), Message("timer-finished"), Message("?")],
    ],
    ids=["error", "no sound", "out of order"],
)
def test_what_goes_wrong_is_said_and_it_goes_on(world: World, satellite: Satellite, messages: list[Message]) -> None:
    say(satellite, world, Message(RUN), *messages)
    assert len(world.told) == 2
    world.is_on = False
    world.wakes_at = [world.at + 1000]
    hear(satellite, 0.2)
    assert satellite.phase is Phase.LISTENING


def test_a_timer_that_rings_is_said_after_the_command(world: World, satellite: Satellite) -> None:
    say(satellite, world, Message(RUN))
    world.wakes_at = [world.at + 100]
    hear(satellite, 0.1)
    say(
        satellite, world, Message("timer-started", {"id": "a", "name": "pasta"}), Message("timer-finished", {"id": "a"})
    )
    assert world.said == []
    hear(satellite, 2.5)
    assert world.said == ["Your pasta timer is done."]
    assert satellite.phase is Phase.ANSWERING
