"""The server's paths, behind the rules about who may use them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .guard import Guard, Refusal
from .metrics import Metrics

_PARTING_S = 2.0
"""Seconds in which a client that has its answer may still send what nobody reads."""
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


def build_app(routes: Sequence[BaseRoute], guard: Guard, metrics: Metrics) -> ASGIApp:
    """Build the application of one server."""
    handlers = {404: _not_found, 405: _not_found}
    return _Guarded(Starlette(routes=list(routes), exception_handlers=handlers), guard, metrics)


def _not_found(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    message = f"there is no {request.method} {request.url.path[:200]} here"
    detail = {"message": message, "type": "invalid_request_error", "param": None, "code": "not_found"}
    return JSONResponse({"error": detail}, status_code=status)


class _Guarded:
    """An application that only those reach who may use it."""

    def __init__(self, app: ASGIApp, guard: Guard, metrics: Metrics) -> None:
        self._app, self._guard, self._metrics = app, guard, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope["client"] else None
        refusal = self._guard.refusal(address, scope["path"], scope["headers"], scope.get("subprotocols", ()))
        if scope["type"] == "websocket":
            await (self._app(scope, receive, send) if refusal is None else _closed(refusal, send))
            return
        began = time.monotonic()
        status = 0
        body = _Body(receive)

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            elif not message.get("more_body") and not body.is_read:
                await send({**message, "more_body": True})
                await body.pass_over()
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        try:
            await (self._app if refusal is None else _refused(refusal))(scope, body.receive, sent)
        finally:
            path = scope["path"] if status not in (403, 404, 405) else "other"
            self._metrics.add("requests", path=_harmless(path), status=str(status))
            self._metrics.add("work_seconds", time.monotonic() - began, face="http")


class _Body:
    """The body of a request, read as far as anybody wants it.

    Were the connection closed before a client has sent all of it, the client would not get to read the answer.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_read = False

    async def receive(self) -> Message:
        """Wait for the next part, or for the client to leave."""
        message = await self._receive()
        self.is_read = self.is_read or not message.get("more_body", False)
        return message

    async def pass_over(self) -> None:
        """Let the client send the rest, for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PARTING_S):
                while not self.is_read:
                    await self.receive()


def _harmless(path: str) -> str:
    """Return a path as a label: names of models and whatever strangers write do not become labels of their own."""
    return "/v1/models/" if path.startswith("/v1/models/") else path


def _refused(refusal: Refusal) -> Response:
    detail = {"message": refusal.message, "type": "invalid_request_error", "param": None, "code": "refused"}
    headers = {"www-authenticate": "Bearer"} if refusal.status == 401 else {}
    return JSONResponse({"error": detail}, status_code=refusal.status, headers=headers)


async def _closed(refusal: Refusal, send: Send) -> None:
    """Refuse a WebSocket before it is one, with the answer that HTTP gets."""
    answer = _refused(refusal)
    head = {"type": "websocket.http.response.start", "status": answer.status_code, "headers": answer.raw_headers}
    await send(head)
    await send({"type": "websocket.http.response.body", "body": answer.body})
