"""Listens for connections of Wyoming, and ends those that send garbage, nothing, or too much."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from wyoming.error import Error
from wyoming.event import async_write_event

from ...errors import EdgeError
from ...listen.detector import Detector
from ..shared import Shared
from .conversation import Conversation
from .frames import LINE_BYTES, read_event
from .info import info_of

_LOG = logging.getLogger("edge.serve")


class WyomingServer:
    """A server of one address."""

    def __init__(self, shared: Shared, offline: bool | None = None) -> None:
        """Listen nowhere yet; `offline` as in `edge.load`."""
        self._shared = shared
        self._info = info_of(shared.model)
        self._detector = Detector(offline)
        self._tasks: set[asyncio.Task[None]] = set()
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

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        is_full = len(self._tasks) >= self._shared.options.connections
        if is_full or not self._shared.guard.admits(peer[0] if peer else None):
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, TimeoutError):  # it left, or does not read
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

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
