"""A satellite on a virtual microphone, led by the client of Wyoming's own package in Home Assistant's place."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.desktop.cable import Cable, missing
from edge.store import Store
from tests.edge.assist.dialogue import Dialogue
from tests.edge.assist.speech import RATE_HZ, is_here, silence, spoken

if sys.platform == "win32":
    pytest.skip("needs signals", allow_module_level=True)
pytest.importorskip("pymicro_wakeword")
pytest.importorskip("wyoming")
pytest.importorskip("zeroconf")

from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.satellite import RunSatellite
from wyoming.vad import VoiceStarted, VoiceStopped

pytestmark = pytest.mark.loopback

WITHIN_S = 15.0


@pytest.fixture(scope="session")
def detector() -> None:
    if not Store().is_here("silero-vad"):
        pytest.skip("the detector of speech is not in the store: run `edgewise transcribe --demo` once")


@pytest.fixture
def dialogue(detector: None, tmp_path: Path) -> Iterator[Dialogue]:
    if missing() or not is_here:
        pytest.skip(missing() or "no voice: apt install espeak-ng")
    with Cable(tmp_path / "server") as cable:
        made = Dialogue(cable, tmp_path, "satellite", "--satellite-port", 0, "--wake", "alexa", "--voice", "none")
        try:
            yield made
        finally:
            made.end()


async def until(client: AsyncTcpClient, kind: str) -> list[Event]:
    """Gather what comes until one of a kind."""
    found: list[Event] = []
    async with asyncio.timeout(WITHIN_S):
        while not found or found[-1].type != kind:
            event = await client.read_event()
            assert event is not None
            found.append(event)
    return found


def test_a_dialogue(dialogue: Dialogue) -> None:
    line = dialogue.lines[dialogue.wait_for("ready: Wyoming satellite") - 1]
    host, port = line.partition("tcp://")[2].partition(";")[0].split(":")
    answer = (np.concatenate([spoken("The lamp is on.")]) * 32767).astype("<i2").tobytes()

    async def lead() -> tuple[list[Event], list[Event]]:
        async with AsyncTcpClient(host, int(port)) as client:
            await client.write_event(RunSatellite().event())
            await asyncio.to_thread(dialogue.wait_for, "Home Assistant is here")
            dialogue.say(spoken("alexa"), silence(0.3), spoken("turn on the lamp"), silence(1))
            called = await until(client, "run-pipeline")
            await client.write_event(VoiceStarted().event())
            sound = [event for _ in range(5) for event in await until(client, "audio-chunk")]
            for event in (VoiceStopped().event(), Transcript("turn on the lamp").event()):
                await client.write_event(event)
            await client.write_event(AudioStart(RATE_HZ, 2, 1).event())
            for at in range(0, len(answer), 2048):
                await client.write_event(AudioChunk(RATE_HZ, 2, 1, answer[at : at + 2048]).event())
            await client.write_event(AudioStop().event())
            await until(client, "played")
            return called, sound

    began_s = dialogue.heard_s
    called, sound = asyncio.run(lead())
    assert [event.type for event in called] == ["detection", "run-pipeline"]
    assert called[0].data["name"] == "alexa"
    assert AudioChunk.from_event(sound[-1]).rate == RATE_HZ
    dialogue.wait_for("Home Assistant is gone")
    heard = np.abs(dialogue.sound(began_s))
    assert heard[-3 * RATE_HZ :].max() > 0.1  # the answer was played
    dialogue.wait_for("understood: turn on the lamp", dialogue.wait_for("heard: Alexa"))
    assert dialogue.end() == 0
