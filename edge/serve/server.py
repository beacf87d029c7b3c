"""A server that runs: its faces opened, and ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

from ..errors import OptionError
from .options import ServeOptions
from .shared import Shared

Face = Literal["openai", "wyoming"]
FACES: tuple[Face, ...] = get_args(Face)

_SPEECH_S, _REST_S = 3, 7
"""Seconds that live sound has to end, and then all else."""

Close = Callable[[], Awaitable[object]]
"""Function that ends what listens at a port."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Addresses on which a server listens."""

    http: str | None
    """Address of OpenAI's protocol; None where it is not served."""
    wyoming: str | None
    """Address of Wyoming; None where it is not served."""
    is_secure: bool = False
    """Whether the first of them is one of HTTPS."""


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
    tls: ssl.SSLContext | None = None,
    offline: bool | None = None,
) -> None:
    """Serve until `end` is set; `ready` is told once connections can be made.

    Raises:
        OSError: an address is taken, or not one of this machine's.
    """
    closing: list[Close] = []
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(_close_all, shared, closing)
        http = wyoming = None
        if "openai" in faces:
            from .http import open_http

            http, close = await open_http(shared, tls, _REST_S)
            closing.append(close)
        if "wyoming" in faces:
            wyoming, close = await _open_wyoming(shared, stack, offline)
            closing.append(close)
        ready(Listening(http, wyoming, is_secure=tls is not None))
        await end.wait()


async def _close_all(shared: Shared, closing: Sequence[Close]) -> None:
    """End what goes on, in as much time as it has; then work that does not end is left alone."""
    shared.ending.set()
    alarm = asyncio.get_running_loop().call_later(_SPEECH_S + _REST_S, shared.work.abandon)
    until = time.monotonic() + _SPEECH_S
    while shared.live.n_taken and time.monotonic() < until:  # who speaks gets the text of what was said by now
        await asyncio.sleep(0.05)
    await asyncio.gather(*(close() for close in closing))
    alarm.cancel()


async def _open_wyoming(shared: Shared, stack: contextlib.AsyncExitStack, offline: bool | None) -> tuple[str, Close]:
    from .wyoming.server import WyomingServer

    options = shared.options
    server = WyomingServer(shared, offline)
    port = await server.start(options.host, options.wyoming_port)
    if not options.is_local:
        from .wyoming.announce import announced

        await stack.enter_async_context(announced(port, options.host))
    return f"{options.host}:{port}", partial(server.close, _REST_S)
