"""The port of the page and of OpenAI's protocol."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterator

import uvicorn

from .app import build_app
from .connections import Http, WebSocket
from .openai.routes import OpenAI
from .page import page_routes
from .realtime.route import realtime_routes
from .shared import Shared

_KEEP_ALIVE_S = 15
_HANDSHAKE_S = 5.0
_MESSAGE_BYTES = 1 << 20
_BACKLOG = 128
_GONE_MS = 60_000
"""Milliseconds without a sign of life after which a peer that was sent something is gone."""


class _Server(uvicorn.Server):
    """A server that leaves signals to the process, and listening to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def open_http(
    shared: Shared, tls: ssl.SSLContext | None, drain_s: int
) -> tuple[str, Callable[[], Awaitable[object]]]:
    """Listen; gives the address, and what ends it within `drain_s`.

    Raises:
        OSError: the address is taken, or not one of this machine's.
    """

    class Limited(Http):
        """A connection among as many as there may be."""

        most, most_of_one = shared.options.connections, shared.options.per_address

    bound = _bound(shared.options.host, shared.options.port)
    routes = [*page_routes(), *OpenAI(shared).routes(), *realtime_routes(shared)]
    config = uvicorn.Config(
        build_app(routes, shared.guard, shared.metrics),
        http=Limited,
        ws=WebSocket,
        ws_max_size=_MESSAGE_BYTES,
        ws_ping_timeout=None,  # who sends more than is read answers late; who is gone acknowledges nothing
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=drain_s,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[]))
    while not server.started and not running.done():
        await asyncio.sleep(0.01)

    def connection() -> asyncio.Protocol:
        return Limited(config, server.server_state, {})

    listening = await asyncio.get_running_loop().create_server(
        connection,
        sock=bound,
        backlog=_BACKLOG,
        ssl=tls,
        ssl_handshake_timeout=None if tls is None else _HANDSHAKE_S,
        ssl_shutdown_timeout=None if tls is None else _HANDSHAKE_S,
    )
    server.servers.append(listening)

    async def close() -> None:
        server.should_exit = True
        await running

    return _written(bound), close


def _bound(host: str, port: int) -> socket.socket:
    """Take an address, before anything else is done there."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "linux":  # connections take it over
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE_MS)
        bound.bind(address)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


def _written(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
