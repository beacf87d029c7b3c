"""Home Assistant leads our satellite: its own pipeline hears a command with our server, does it, and has it answered.

run.sh begins all three. The voice is a Wyoming server of this file's, which speaks with eSpeak NG.
"""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_socket
from homeassistant.components.assist_pipeline.pipeline import async_get_pipeline, async_update_pipeline
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import async_read_event, async_write_event
from wyoming.info import Attribution, Describe, Info, TtsProgram, TtsVoice
from wyoming.tts import Synthesize

WITHIN_S = 40.0
_THEIRS = Attribution(name="eSpeak NG", url="https://github.com/espeak-ng/espeak-ng")
_FACTS: dict[str, Any] = {"attribution": _THEIRS, "installed": True, "description": "a voice", "version": "1"}


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: object) -> None:
    """Let Home Assistant's tests, which forbid it, use the network of this machine."""
    pytest_socket.enable_socket()


@pytest.fixture(autouse=True)
def verify_cleanup() -> None:
    """Leave what Home Assistant's own pipeline still runs at the end to the end of the process."""


async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    voice = TtsVoice(name="en-us", languages=["en", "en-US"], speakers=None, **_FACTS)
    while (event := await async_read_event(reader)) is not None:
        if Describe.is_type(event.type):
            await async_write_event(Info(tts=[TtsProgram(name="espeak", voices=[voice], **_FACTS)]).event(), writer)
        elif Synthesize.is_type(event.type):
            text = Synthesize.from_event(event).text.encode()
            done = subprocess.run(["espeak-ng", "--stdin", "--stdout"], input=text, capture_output=True, check=True)
            with wave.open(io.BytesIO(done.stdout)) as speech:
                form = (speech.getframerate(), speech.getsampwidth(), speech.getnchannels())
                await async_write_event(AudioStart(*form).event(), writer)
                await async_write_event(AudioChunk(*form, speech.readframes(10**7)).event(), writer)
            await async_write_event(AudioStop().event(), writer)
    writer.close()


@asynccontextmanager
async def voice() -> AsyncIterator[str]:
    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def add(hass: Any, address: str) -> None:
    host, port = address.split(":")
    entry = MockConfigEntry(domain="wyoming", data={"host": host, "port": int(port)}, title=address)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not holds():
            await asyncio.sleep(0.05)


async def test_a_command_in_a_room(hass: Any) -> None:
    for component in ("homeassistant", "conversation", "intent", "input_boolean", "ffmpeg", "assist_pipeline"):
        facts = {"lamp": {"name": "Kitchen lamp"}} if component == "input_boolean" else {}
        assert await async_setup_component(hass, component, {component: facts})
    async_expose_entity(hass, "conversation", "input_boolean.lamp", True)
    async with voice() as speaks:
        await add(hass, os.environ["EDGEWISE_WYOMING"])
        await add(hass, speaks)
        pipeline = async_get_pipeline(hass)
        chosen = {"stt_engine": "stt.edgewise", "stt_language": "en", "tts_engine": "tts.espeak", "tts_language": "en"}
        await async_update_pipeline(hass, pipeline, **chosen)
        await add(hass, os.environ["EDGEWISE_SATELLITE"])
        [satellite] = hass.states.async_entity_ids("assist_satellite")
        assert satellite == "assist_satellite.kitchen"
        seen: list[str] = []
        hass.bus.async_listen("state_changed", lambda event: seen.append(_state(event, satellite)))
        saying = await asyncio.create_subprocess_shell(os.environ["EDGEWISE_SAYS"])
        await until(lambda: hass.states.get("input_boolean.lamp").state == "on")
        await until(lambda: "responding" in seen and seen[-1] == "idle")
        assert [state for state in seen if state] == ["listening", "processing", "responding", "idle"]
        await saying.wait()
        for entry in hass.config_entries.async_entries("wyoming"):
            assert await hass.config_entries.async_unload(entry.entry_id)


def _state(event: Any, entity: str) -> str:
    new = event.data["new_state"]
    return new.state if new is not None and event.data["entity_id"] == entity else ""
