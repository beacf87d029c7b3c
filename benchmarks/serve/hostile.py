"""Bytes that mean harm: noise, and protocols with parts changed, to every port."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

from .program import Address, Program

_PATIENCE_S = 60.0
_AT_ONCE = 16
_UPGRADE = (
    b"GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_REQUEST = (
    b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    b'Content-Length: 400\r\n\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF'
)
_EVENTS = ("session.update", "input_audio_buffer.append", "input_audio_buffer.commit", "input_audio_buffer.clear")
_WYOMING = ("describe", "transcribe", "audio-start", "audio-chunk", "audio-stop", "ping", "detect")
_VALUES: tuple[Any, ...] = (
    None,
    -1,
    0,
    7,
    1.5,
    True,
    "x",
    "AAAA",
    [],
    [[]],
    {},
    {"type": "audio/pcm"},
    1 << 70,
    "\0",
    "😀" * 50,
)


async def attack(program: Program, n_bytes: int, seed: int) -> tuple[int, int]:
    """Send so many bytes; gives the numbers of connections, and of those that neither ended nor were answered."""
    chance = random.Random(seed)
    left = n_bytes
    n_made = n_hung = 0
    while left > 0:
        sent = [_made(chance) for _ in range(_AT_ONCE)]
        hung = await asyncio.gather(*(_hangs(getattr(program, port), data) for port, data in sent))
        left -= sum(len(data) for _, data in sent)
        n_made, n_hung = n_made + len(sent), n_hung + sum(hung)
    return n_made, n_hung


def _made(chance: random.Random) -> tuple[str, bytes]:
    """Make what is sent to a port."""
    kinds: tuple[tuple[str, Callable[[random.Random], bytes]], ...] = (
        ("http", lambda chance: chance.randbytes(chance.randrange(1, 20_000))),
        ("http", lambda chance: _changed(_REQUEST + chance.randbytes(2000), chance)),
        ("http", lambda chance: _changed(_UPGRADE, chance)),
        ("http", lambda chance: _UPGRADE + b"".join(_frame(chance) for _ in range(20))),
        ("wyoming", lambda chance: chance.randbytes(chance.randrange(1, 20_000))),
        ("wyoming", lambda chance: b"".join(_wyoming(chance) for _ in range(20))),
    )
    port, make = chance.choice(kinds)
    return port, make(chance)


def _changed(data: bytes, chance: random.Random) -> bytes:
    """Return bytes of which a few are changed, left out or repeated."""
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(changed))
        length = chance.randrange(1, 40)
        changed[at : at + length] = chance.choice((b"", chance.randbytes(length), changed[at : at + length] * 3))
        changed = changed or bytearray(b"\0")
    return bytes(changed)


def _frame(chance: random.Random) -> bytes:
    """Make a frame of a WebSocket, most of them with an event in it."""
    fields = {name: chance.choice(_VALUES) for name in ("audio", "session", "event_id") if chance.random() < 0.7}
    if chance.random() < 0.3:
        fields["session"] = {
            "audio": {"input": {"transcription": dict(fields), "turn_detection": chance.choice(_VALUES)}}
        }
    text = json.dumps({"type": chance.choice((*_EVENTS, *_VALUES)), **fields}).encode()
    text = text if chance.random() < 0.8 else chance.randbytes(chance.randrange(200))
    first = 0x81 if chance.random() < 0.8 else chance.randrange(256)
    length = len(text) if chance.random() < 0.95 else chance.randrange(1 << 16)
    return bytes([first, 0x80 | 126]) + length.to_bytes(2, "big") + bytes(4) + text


def _wyoming(chance: random.Random) -> bytes:
    """Make an event of Wyoming with something wrong in it."""
    head = {"type": chance.choice((*_WYOMING, *_VALUES)), "data": {"rate": 16000, "width": 2, "channels": 1}}
    for name in ("data", "data_length", "payload_length"):
        if chance.random() < 0.3:
            head[name] = chance.choice((*_VALUES, 5, 1 << 16, 1 << 20))
    return json.dumps(head).encode() + b"\n" + chance.randbytes(chance.choice((0, 0, 5, 2000)))


async def _hangs(address: Address, data: bytes) -> bool:
    """Send bytes and no more; whether the connection is then left open for ever."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            writer.write(data)
            if writer.can_write_eof():
                writer.write_eof()
            while await reader.read(1 << 16):
                pass
    except ConnectionError:
        return False
    except TimeoutError:
        return True
    finally:
        writer.transport.abort()
    return False
