"""Home Assistant adds our server by its address, and turns speech to text with it; run.sh begins both."""

from __future__ import annotations

import os
import wave
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_socket
from homeassistant.components import stt
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

CHUNK = 1024


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: object) -> None:
    """Let Home Assistant's tests, which forbid it, use the network of this machine."""
    pytest_socket.enable_socket()


async def spoken() -> AsyncIterator[bytes]:
    with wave.open(os.environ["EDGEWISE_CLIP"]) as clip:
        while chunk := clip.readframes(CHUNK):
            yield chunk


async def test_it_hears(hass: Any) -> None:
    host, port = os.environ["EDGEWISE_WYOMING"].split(":")
    entry = MockConfigEntry(domain="wyoming", data={"host": host, "port": int(port)}, title="edgewise")
    entry.add_to_hass(hass)
    assert await async_setup_component(hass, "homeassistant", {})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.async_entity_ids("stt") == ["stt.edgewise"]
    entity = stt.async_get_speech_to_text_entity(hass, "stt.edgewise")
    assert entity is not None
    assert "en" in entity.supported_languages
    metadata = stt.SpeechMetadata(
        language="en",
        format=stt.AudioFormats.WAV,
        codec=stt.AudioCodecs.PCM,
        bit_rate=stt.AudioBitRates.BITRATE_16,
        sample_rate=stt.AudioSampleRates.SAMPLERATE_16000,
        channel=stt.AudioChannels.CHANNEL_MONO,
    )
    result = await entity.internal_async_process_audio_stream(metadata, spoken())
    assert result.result == stt.SpeechResultState.SUCCESS
    assert "ask not what your country can do for you" in result.text
    assert await hass.config_entries.async_unload(entry.entry_id)
