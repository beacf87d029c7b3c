"""Connections over HTTP: as many as there may be, and none that is held open by sending next to nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from .guard import is_own

_HEADERS_S = 5.0
"""Seconds in which a request's headers have to come."""
_LOOK_S = 1.0
_REFUSAL_S = 2.0
_SLOWEST_READ_S = 30.0
"""Seconds after which whoever does not read its answer is left."""
_PARTING_S = 5.0
"""Seconds in which a connection that has ended may still be read from."""
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 5\r\nconnection: close\r\n\r\n"
    b'{"error":{"message":"the server has all the connections that it takes: try again in 5 s",'
    b'"type":"server_error","param":null,"code":"busy"}}'
)


class Http(H11Protocol):
    """A connection whose requests begin in time."""

    most = 256
    """Connections at a time."""
    most_of_one = 32
    """Connections of one address at a time, where that is not this machine."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._waits_since: float | None = None  # for the headers of a request
        self._unread_since: float | None = None  # what was sent
        self._is_refused = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, or refuse it where there are too many."""
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        if len(self.connections) > self.most or self._are_many():
            self._refuse(transport)
        else:
            self._waits_since = time.monotonic()
            self._look()

    def data_received(self, data: bytes) -> None:
        """Take bytes; the first of a request begin the time that its headers have."""
        if self._is_refused:
            return
        if self._waits_since is None and self._is_between:
            self._waits_since = time.monotonic()
        super().data_received(data)
        if not self._is_between:
            self._waits_since = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _refuse(self, transport: asyncio.Transport) -> None:
        """Say that there are too many; what is sent meanwhile is passed over, or it would not be heard."""
        self._is_refused = True
        self.connections.discard(self)
        transport.write(_FULL)
        if transport.can_write_eof():
            transport.write_eof()
        self._timer = self.loop.call_later(_REFUSAL_S, transport.abort)

    def _are_many(self) -> bool:
        """Whether this address has more connections than one may have."""
        own = self.client[0] if self.client else ""
        clients = (getattr(other, "client", None) for other in self.connections)
        return not is_own(own) and sum(client is not None and client[0] == own for client in clients) > self.most_of_one

    @property
    def _is_between(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _look(self) -> None:
        """Cut the connection if the headers are late, or if it is to end and is not read; look again in a while."""
        if self.transport.get_protocol() is not self:  # a WebSocket by now
            return
        now = time.monotonic()
        is_unread = self.transport.is_closing() or self.flow.write_paused
        self._unread_since = (self._unread_since or now) if is_unread else None
        patience_s = _PARTING_S if self.transport.is_closing() else _SLOWEST_READ_S
        is_late = self._waits_since is not None and now - self._waits_since > _HEADERS_S
        if is_late or (self._unread_since is not None and now - self._unread_since > patience_s):
            self.transport.abort()
            return
        self._timer = self.loop.call_later(_LOOK_S, self._look)


class WebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that is gone soon after its end, whether the client reads or not."""

    async def run_asgi(self) -> None:
        """Serve it."""
        await super().run_asgi()
        self.loop.call_later(_PARTING_S, self.transport.abort)
