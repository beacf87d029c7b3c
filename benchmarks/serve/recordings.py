"""Recordings sent over HTTP by many at once."""

from __future__ import annotations

import asyncio
import io
import json
import time
import wave
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edge.arrays import FloatArray

from .program import Address

_PATIENCE_S = 120.0
_RETRY_S = 0.05
_BOUNDARY = b"edgewise"


@dataclass(slots=True)
class Answered:
    """Answers to requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    """Numbers of answers with each status; 0 stands for a connection that ended without one."""
    seconds: dict[int, list[float]] = field(default_factory=dict)
    """Times of the answers, by status."""
    n_wrong: int = 0
    """Number of texts that are not the one that belongs to the recording."""


def wav(samples: FloatArray) -> bytes:
    """Write samples (n_samples,) at 16 kHz as a WAV of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, 16000, 0, "NONE", ""))
        written.writeframes((samples * 32767).astype("<i2").tobytes())
    return file.getvalue()


async def send(address: Address, recordings: Sequence[tuple[bytes, str]], n: int, at_once: int) -> Answered:
    """Send `n` recordings, `at_once` of them at a time; each is one of those given, with the text that belongs to it.

    Who is told to come again does so until the recording is read, if fewer are sent at once than there are.
    """
    answered = Answered()
    numbers = iter(range(n))
    comes_again = at_once < n

    async def one() -> None:
        for number in numbers:
            recording, text = recordings[number % len(recordings)]
            status = 503
            while status == 503:
                status = await _ask(address, recording, text, answered)
                if status != 503 or not comes_again:
                    break
                await asyncio.sleep(_RETRY_S)

    await asyncio.gather(*(one() for _ in range(at_once)))
    return answered


async def _ask(address: Address, recording: bytes, text: str, answered: Answered) -> int:
    began = time.monotonic()
    try:
        async with asyncio.timeout(_PATIENCE_S):
            status, body = await _post(address, recording)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
        status, body = 0, b""
    answered.statuses[status] += 1
    answered.seconds.setdefault(status, []).append(time.monotonic() - began)
    answered.n_wrong += status == 200 and json.loads(body)["text"] != text
    return status


async def _post(address: Address, recording: bytes) -> tuple[int, bytes]:
    head = b'--%s\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' % _BOUNDARY
    body = head + recording + b"\r\n--%s--\r\n" % _BOUNDARY
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(
            b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n" % (_BOUNDARY, len(body))
        )
        writer.write(body)
        answer = await reader.read()
    finally:
        writer.transport.abort()
    head, _, text = answer.partition(b"\r\n\r\n")
    return int(head.split(maxsplit=2)[1]), text


def percentile(seconds: Sequence[float], at: float) -> float:
    """Return a percentile in milliseconds; NaN of nothing."""
    return float(1000 * np.percentile(seconds, at)) if seconds else float("nan")
