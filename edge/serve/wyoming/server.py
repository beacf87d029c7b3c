"""Listens for connections of Wyoming, and ends those that send garbage, nothing, or too much."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from wyoming.error import Error
from wyoming.event import async_write_event

from ...errors import EdgeError
from ...listen.detector import Detector
from ..guard import is_own
from ..shared import Shared
from .conversation import Conversation
from .frames import LINE_BYTES, read_event
from .info import info_of

_LOG = logging.getLogger("edge.serve")

_PARTING_S = 2.0
"""Seconds in which a peer that was refused may still send."""


class WyomingServer:
    """A server of one address."""

    def __init__(self, shared: Shared, offline: bool | None = None) -> None:
        """Listen nowhere yet; `offline` as in `edge.load`."""
        self._shared = shared
        self._info = info_of(shared.model)
        self._detector = Detector(offline)
        self._tasks: dict[asyncio.Task[None], str] = {}  # with the address of the peer
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; gives the port. OSError where it is taken."""
        self._server = await asyncio.start_server(self._connected, host, port, limit=LINE_BYTES)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def close(self, within_s: float) -> None:
        """Take no more connections, and let those that are there end in time."""
        if self._server is not None:
            self._server.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin to serve a connection, known from its first moment, or `close` would not wait for it."""
        peer = writer.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        task = asyncio.create_task(self._served(reader, writer, address, is_full=self._is_full(address)))
        self._tasks[task] = address
        task.add_done_callback(self._tasks.pop)

    def _is_full(self, address: str) -> bool:
        """Whether there are as many connections as there may be, of this address or of all."""
        options = self._shared.options
        n_same = 0 if is_own(address) else sum(address == other for other in self._tasks.values())
        return len(self._tasks) >= options.connections or n_same >= options.per_address

    async def _served(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, *, is_full: bool
    ) -> None:
        try:
            if not is_full and self._shared.guard.admits(address):
                await self._converse(reader, writer)
                await _part(reader, writer)
        except (ConnectionError, TimeoutError):  # it left, or does not read
            pass
        finally:
            await _hang_up(writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = Conversation(self._shared, self._info, self._detector, writer)
        try:
            while True:
                async with asyncio.timeout(self._shared.options.idle):
                    event = await read_event(reader)
                if event is None:
                    return
                await conversation.take(event)
        except (ConnectionError, TimeoutError):
            raise
        except EdgeError as error:
            await _complain(writer, str(error))
        except Exception as error:
            _LOG.error("a connection failed: %s: %s", type(error).__name__, error)
            await _complain(writer, "the server failed; its log says why")
        finally:
            await conversation.close()


async def _complain(writer: asyncio.StreamWriter, message: str) -> None:
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(2):
            await async_write_event(Error(text=message).event(), writer)


async def _part(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Let the peer end what it sends; were the connection closed before, it would lose what it was told."""
    if writer.transport.is_closing():
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(_PARTING_S):
            writer.write_eof()
            while await reader.read(LINE_BYTES):
                pass


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection, and wait until its socket is closed; what the peer does not read is thrown away."""
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()
