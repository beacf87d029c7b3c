"""The path of live sound: a WebSocket's messages in, one after the other, and answers out as they are found."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from contextlib import suppress

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ...errors import BusyError, EdgeError
from ..shared import Shared
from .conversation import Conversation
from .wire import Message, WireError, error_of, read_message

_LOG = logging.getLogger("edge.serve")

_PROTOCOL = "realtime"
_SLOWEST_WRITE_S = 10.0
"""Seconds after which whoever does not read its answers is left."""
_MOST_OUT = 256
"""Answers that wait to be sent; while there are more, nothing more is read."""
_MOST_IN = 4

_ENDS, _REFUSES, _IS_BUSY = 1001, 1008, 1013
"""Codes with which a WebSocket is closed."""


def realtime_routes(shared: Shared) -> list[WebSocketRoute]:
    """List the paths."""

    async def serve(websocket: WebSocket) -> None:
        await _Connection(shared, websocket).run()

    return [WebSocketRoute("/v1/realtime", serve)]


class _Connection:
    """A WebSocket: one task receives, one does what is asked for, one sends."""

    def __init__(self, shared: Shared, websocket: WebSocket) -> None:
        self._shared, self._websocket = shared, websocket
        self._in: asyncio.Queue[str | None] = asyncio.Queue(_MOST_IN)
        self._out: asyncio.Queue[Message] = asyncio.Queue()
        self._id = secrets.token_hex(8)
        self._n_told = 0
        self._conversation = Conversation(shared, self._tell, f"sess_{self._id}")

    async def run(self) -> None:
        """Serve until either side ends."""
        offered = self._websocket.scope.get("subprotocols", ())
        await self._websocket.accept(_PROTOCOL if _PROTOCOL in offered else None)
        self._conversation.greet()
        tasks = {asyncio.create_task(task) for task in (self._receive(), self._work(), self._send())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self._conversation.close()
        for task in tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                _LOG.error("a connection failed: %s: %s", type(error).__name__, error)

    async def _receive(self) -> None:
        """Take messages until the client leaves, however much it waits for."""
        with suppress(WebSocketDisconnect):
            while True:
                message = await self._websocket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                await self._in.put(message.get("text"))

    async def _work(self) -> None:
        """Do what messages ask for, until the server ends or one ends the connection."""
        code, reason = await self._worked()
        while not self._out.empty():
            await asyncio.sleep(0.01)  # the task that sends has its own patience
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(_SLOWEST_WRITE_S):
                await self._websocket.close(code, reason)

    async def _worked(self) -> tuple[int, str]:
        """Do what messages ask for; gives why the connection is closed."""
        message: Message = {}
        while True:
            try:
                text = await self._next()
                if self._shared.ending.is_set():
                    await self._conversation.finish()
                    return _ENDS, "the server ends"
                message = {}
                if text is None:
                    raise WireError("expected an event in a message of text, found bytes", code="invalid_event")
                message = read_message(text)
                await self._conversation.take(message)
            except WireError as error:
                self._tell({"type": "error", "error": error_of(error, message)})
            except EdgeError as error:
                self._tell({"type": "error", "error": error_of(error, message)})
                return (_IS_BUSY if isinstance(error, BusyError) else _REFUSES), "see the error before this"
            while self._out.qsize() > _MOST_OUT:
                await asyncio.sleep(0.01)

    async def _next(self) -> str | None:
        """Wait for a message; sound that stops coming is at its end. None where the server ends, or for bytes."""
        ending = asyncio.ensure_future(self._shared.ending.wait())
        coming = asyncio.ensure_future(self._in.get())
        try:
            while True:
                patience = self._shared.options.idle if self._conversation.is_live else None
                done, _ = await asyncio.wait([ending, coming], timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                if done:
                    return coming.result() if coming.done() else None
                await self._conversation.finish()
        finally:
            ending.cancel()
            coming.cancel()

    async def _send(self) -> None:
        """Send what is told, as long as it is read."""
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            while True:
                message = await self._out.get()
                async with asyncio.timeout(_SLOWEST_WRITE_S):
                    await self._websocket.send_text(json.dumps(message, ensure_ascii=False, allow_nan=False))

    def _tell(self, message: Message) -> None:
        self._n_told += 1
        self._out.put_nowait({"event_id": f"event_{self._id}{self._n_told:06d}", **message})
