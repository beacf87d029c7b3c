"""Reads Wyoming's events with limits: lengths are the peer's words, and are not taken for granted."""

from __future__ import annotations

import asyncio
import json

from wyoming.event import Event

from ...errors import EdgeError

LINE_BYTES = 1 << 16
"""Bytes of the line that begins an event, at most; the reader of the connection has to have this limit."""
_DATA_BYTES = 1 << 16
_PAYLOAD_BYTES = 1 << 20


class FrameError(EdgeError):
    """A refusal of bytes that are no event, or too long a one."""


async def read_event(reader: asyncio.StreamReader) -> Event | None:
    """Read the next event; None at the end of the connection.

    Raises:
        FrameError: what came is no event, or is longer than events may be.
    """
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise FrameError(f"expected an event's line of at most {LINE_BYTES} bytes, found a longer one") from None
    head = _object(line)
    kind = head.get("type")
    if not isinstance(kind, str):
        raise FrameError("expected an event with a type, found none")
    try:
        data = head.get("data") or {}
        if not isinstance(data, dict):
            raise FrameError(f"expected an object as the data of {kind[:40]!r}, found something else")
        if n_bytes := _length(head, "data_length", _DATA_BYTES):
            data = {**data, **_object(await reader.readexactly(n_bytes))}
        n_bytes = _length(head, "payload_length", _PAYLOAD_BYTES)
        payload = await reader.readexactly(n_bytes) if n_bytes else None
    except asyncio.IncompleteReadError:
        return None
    return Event(kind, data, payload)


def _object(written: bytes) -> dict[str, object]:
    try:
        value = json.loads(written)
    except (ValueError, RecursionError):
        raise FrameError("expected an event as a line of JSON, found something else") from None
    if not isinstance(value, dict):
        raise FrameError("expected an event as an object of JSON, found something else")
    return value


def _length(head: dict[str, object], name: str, most: int) -> int:
    length = head.get(name) or 0
    if type(length) is not int or not 0 <= length <= most:
        raise FrameError(f"expected {name} of 0 to {most}, found {str(length)[:40]}")
    return length
