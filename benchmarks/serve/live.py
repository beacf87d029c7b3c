"""Live sessions at the speed of speech, over OpenAI's protocol; each has to get its own text, and no other."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from edge.arrays import FloatArray
from edge.recognizer import Recognizer
from edge.transcript.events import Final, Silence

from .program import Address

_BLOCK_S = 0.1
_ENDPOINT_S = 0.5
_PATIENCE_S = 120.0
_RATE_HZ = 16000


@dataclass(slots=True)
class Heard:
    """What came of live sessions."""

    turn_s: list[float] = field(default_factory=list)
    """Seconds from the end of each turn, which is after the silence that ends it, to its text."""
    end_s: list[float] = field(default_factory=list)
    """Seconds from the end of the sound of each session to the last of its text."""
    n_words: int = 0
    n_wrong: int = 0
    """Number of sessions whose turns are not those that the model finds alone."""


def texts_alone(model: Recognizer, samples: FloatArray) -> list[str]:
    """Read samples (n_samples,) in a session of their own; gives the text of each turn."""
    texts, text = [], ""
    with model.session(endpoint=_ENDPOINT_S) as session:
        for event in [*session.feed(as_sent(samples)), *session.finish()]:
            if isinstance(event, Final):
                text += event.segment.text
            elif isinstance(event, Silence):
                texts.append(text.strip())
                text = ""
    return [*texts, text.strip()]


async def speak(address: Address, sounds: Sequence[tuple[FloatArray, Sequence[str]]]) -> Heard:
    """Speak sounds at once, each with the texts that belong to it."""
    heard = Heard()
    await asyncio.gather(*(_session(address, samples, texts, heard) for samples, texts in sounds))
    return heard


async def _session(address: Address, samples: FloatArray, texts: Sequence[str], heard: Heard) -> None:
    url = f"ws://{address[0]}:{address[1]}/v1/realtime"
    async with connect(url, ping_interval=None) as socket, asyncio.timeout(len(samples) / _RATE_HZ + _PATIENCE_S):
        turns = {"type": "server_vad", "silence_duration_ms": round(1000 * _ENDPOINT_S)}
        sound = {"format": {"type": "audio/pcm", "rate": _RATE_HZ}, "turn_detection": turns}
        await _say(socket, {"type": "session.update", "session": {"audio": {"input": sound}}})
        began = time.monotonic()
        listening = asyncio.create_task(_listen(socket, began, heard))
        pcm = (samples * 32767).astype("<i2").tobytes()
        n_bytes = 2 * round(_BLOCK_S * _RATE_HZ)
        for number, at in enumerate(range(0, len(pcm), n_bytes), 1):
            await asyncio.sleep(max(0.0, began + number * _BLOCK_S - time.monotonic()))
            audio = base64.b64encode(pcm[at : at + n_bytes]).decode()
            await _say(socket, {"type": "input_audio_buffer.append", "audio": audio})
        ended = time.monotonic()
        for kind in ("commit", "clear"):
            await _say(socket, {"type": f"input_audio_buffer.{kind}"})
        found = await listening
        heard.end_s.append(time.monotonic() - ended)
        heard.n_words += sum(len(text.split()) for text in found)
        heard.n_wrong += [text for text in found if text] != [text for text in texts if text]


async def _listen(socket: ClientConnection, began: float, heard: Heard) -> list[str]:
    """Gather texts until the sound is cleared."""
    texts: list[str] = []
    ends_ms = 0
    async for message in socket:
        event = json.loads(message)
        kind = event["type"].rpartition(".")[2]
        if kind == "speech_stopped":
            ends_ms = event["audio_end_ms"]
        elif kind == "completed":
            heard.turn_s.append(time.monotonic() - began - ends_ms / 1000 - _ENDPOINT_S)
            texts.append(event["transcript"])
        elif kind == "cleared":
            return texts
    return [*texts, "(the connection ended)"]


async def _say(socket: ClientConnection, message: object) -> None:
    await socket.send(json.dumps(message))


def as_sent(samples: FloatArray) -> FloatArray:
    """Return samples as they are after they went as 16 bits."""
    return (samples * 32767).astype("<i2").astype(np.float32) / np.float32(32768)
