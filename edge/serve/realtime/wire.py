"""Messages of a connection: JSON read as hostile, and errors as the clients read them."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from ...errors import EdgeError
from ...values import shown

Message = dict[str, Any]
"""An event in JSON, one way or the other."""


class WireError(EdgeError):
    """A refusal of one message; the connection goes on."""

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        """Name of the refusal, for programs."""
        self.param = param
        """Field that it is about, with dots."""


def read_message(text: str) -> Message:
    """Read an event that has a type.

    Raises:
        WireError: it is none.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError("expected an event in JSON, found something else", code="invalid_json") from None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise WireError('expected an object with a "type", found something else', code="invalid_event", param="type")
    return value


def read_sound(message: Message) -> bytes:
    """Return the bytes of the sound in a message.

    Raises:
        WireError: there are none, or not in base64.
    """
    written = message.get("audio")
    try:
        if isinstance(written, str):
            return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise WireError(f"expected sound in base64, found {shown(written)}", code="invalid_audio", param="audio")


def error_of(error: Exception, message: Message | None = None) -> Message:
    """Write an error; it names the message that led to it, where that has an id."""
    is_theirs = isinstance(error, WireError)
    given = (message or {}).get("event_id")
    return {
        "type": "invalid_request_error" if is_theirs else "server_error",
        "code": error.code if isinstance(error, WireError) else None,
        "message": str(error) if isinstance(error, EdgeError) else "the server failed; its log says why",
        "param": error.param if isinstance(error, WireError) else None,
        "event_id": given if isinstance(given, str) else None,
    }
