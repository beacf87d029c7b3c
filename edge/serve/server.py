"""A server that runs: its faces opened, and ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import OptionError
from .options import ServeOptions
from .shared import Shared

_LOG = logging.getLogger("edge.serve")

Face = Literal["openai", "wyoming"]
FACES: tuple[Face, ...] = get_args(Face)

_DRAIN_S = 10
"""Seconds that what is being done has to end."""
_KEEP_ALIVE_S = 15
_MESSAGE_BYTES = 1 << 20
_BACKLOG = 128
_GONE_MS = 60_000
"""Milliseconds without a sign of life after which a peer that was sent something is gone."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Addresses on which a server listens."""

    http: str | None
    """Address of OpenAI's protocol; None where it is not served."""
    wyoming: str | None
    """Address of Wyoming; None where it is not served."""


def check_safety(options: ServeOptions, faces: Collection[Face], *, has_token: bool) -> None:
    """Refuse to serve strangers; OptionError says what to give."""
    if options.is_local or options.networks:
        return
    if "wyoming" in faces:
        raise OptionError(
            f"{options.host} can be reached by others, and Wyoming has no passwords: name who may use it, such as "
            "--allow 192.168.1.0/24"
        )
    if not has_token:
        raise OptionError(
            f"{options.host} can be reached by others: give --token FILE, or name who may use it, such as "
            "--allow 192.168.1.0/24"
        )


async def serve(
    shared: Shared,
    faces: Collection[Face],
    end: asyncio.Event,
    ready: Callable[[Listening], object],
    *,
    offline: bool | None = None,
) -> None:
    """Serve until `end` is set; `ready` is told once connections can be made.

    Raises:
        OSError: an address is taken, or not one of this machine's.
    """
    async with contextlib.AsyncExitStack() as stack:
        http = await _open_http(shared, stack) if "openai" in faces else None
        wyoming = await _open_wyoming(shared, stack, offline) if "wyoming" in faces else None
        ready(Listening(http, wyoming))
        await end.wait()
        shared.ending.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S / 2):
                while shared.live.n_taken:  # who speaks gets the text of what was said by now
                    await asyncio.sleep(0.05)


async def _open_http(shared: Shared, stack: contextlib.AsyncExitStack) -> str:
    import uvicorn

    from .app import build_app
    from .connections import Http, WebSocket
    from .openai.routes import OpenAI
    from .page import page_routes
    from .realtime.route import realtime_routes

    class Server(uvicorn.Server):
        """A server that leaves signals to the process."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Capture none."""
            yield

    class Limited(Http):
        """A connection among as many as there may be."""

        most = shared.options.connections

    bound = _bound(shared.options.host, shared.options.port)
    config = uvicorn.Config(
        build_app([*page_routes(), *OpenAI(shared).routes(), *realtime_routes(shared)], shared.guard, shared.metrics),
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
        timeout_graceful_shutdown=_DRAIN_S,
        backlog=_BACKLOG,
    )
    server = Server(config)
    running = asyncio.create_task(server.serve(sockets=[bound]))
    while not server.started and not running.done():
        await asyncio.sleep(0.01)

    async def stop() -> None:
        server.should_exit = True
        await running

    stack.push_async_callback(stop)
    return _written(bound)


async def _open_wyoming(shared: Shared, stack: contextlib.AsyncExitStack, offline: bool | None) -> str:
    from .wyoming.server import WyomingServer

    options = shared.options
    server = WyomingServer(shared, offline)
    port = await server.start(options.host, options.wyoming_port)
    stack.push_async_callback(server.close, _DRAIN_S)
    if not options.is_local:
        from .wyoming.announce import announced

        await stack.enter_async_context(announced(port, options.host))
    return f"{options.host}:{port}"


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
