"""The port to which Home Assistant comes to a satellite, served in a thread of its own.

Anybody who may connect is told what the satellite is; one peer at a time gets its sound and leads it: the last that
asked for that, for a connection that broke may seem to be there for a while.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

from wyoming.event import Event, async_write_event
from wyoming.info import Attribution, Describe, Info, WakeModel, WakeProgram
from wyoming.info import Satellite as SatelliteInfo
from wyoming.ping import Ping, Pong

from ...assist.satellite.message import GONE, RUN, Message
from ...errors import EdgeError, OutputError
from ...version import __version__
from ..guard import Guard
from .announce import announced
from .frames import LINE_BYTES, read_event

_LOG = logging.getLogger("edge.serve")

_OURS = Attribution(name="edgewise", url="https://pypi.org/project/edgewise/")
_IDLE_S = 60.0
_SLOWEST_WRITE_S = 10.0
_MOST_UNSENT = 1000
"""Messages that wait to be sent, at most; sound comes in tens a second."""
_MOST_CONNECTIONS = 8
_START_S = 10.0


def satellite_info(name: str, area: str | None, wake: str, phrase: str, language: str) -> Info:
    """Describe a satellite that hears one wake word."""
    model = WakeModel(
        name=wake,
        attribution=_OURS,
        installed=True,
        description=phrase,
        version=__version__,
        languages=[language],
        phrase=phrase,
    )
    program = WakeProgram(
        name="edgewise",
        attribution=_OURS,
        installed=True,
        description="wake words on this machine",
        version=__version__,
        models=[model],
    )
    satellite = SatelliteInfo(
        name=name,
        attribution=_OURS,
        installed=True,
        description="a microphone and a loudspeaker",
        version=__version__,
        area=area,
        has_vad=False,
        active_wake_words=[wake],
        max_active_wake_words=1,
        supports_trigger=False,
    )
    return Info(wake=[program], satellite=satellite)


class SatellitePort:
    """A port of a satellite (edge.assist.satellite.satellite.Home)."""

    def __init__(self, info: Info, guard: Guard, *, is_announced: bool) -> None:
        """Listen nowhere yet."""
        self._info, self._guard, self._is_announced = info, guard, is_announced
        self._received: deque[Message] = deque()
        self._leader: _Peer | None = None
        self._n_peers = 0
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread: threading.Thread | None = None

    def start(self, host: str, port: int) -> str:
        """Listen; gives the address.

        Raises:
            OutputError: the address is taken, or not one of this machine's.
        """
        ready: list[str | OSError] = []
        is_ready = threading.Event()

        def tell(found: str | OSError) -> None:
            ready.append(found)
            is_ready.set()

        self._thread = threading.Thread(target=self._run, args=(host, port, tell), name="edgewise-satellite")
        self._thread.start()
        if not is_ready.wait(_START_S) or isinstance(ready[0], OSError):
            self.close()
            raise OutputError(f"{host}:{port} cannot be listened on ({ready[0] if ready else 'it takes too long'})")
        return ready[0]

    def send(self, *messages: Message) -> None:
        """Send to Home Assistant, where it is there."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._send, messages)

    def received(self) -> list[Message]:
        """Return what came from Home Assistant since the last time."""
        found = []
        while self._received:
            found.append(self._received.popleft())
        return found

    def close(self) -> None:
        """End; harmless after that."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()
            self._thread = None
            self._loop.close()

    def _run(self, host: str, port: int, tell: Callable[[str | OSError], None]) -> None:
        self._loop.run_until_complete(self._serve(host, port, tell))

    async def _serve(self, host: str, port: int, tell: Callable[[str | OSError], None]) -> None:
        tasks: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._connected(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        async with AsyncExitStack() as stack:
            try:
                server = await asyncio.start_server(connected, host, port, limit=LINE_BYTES)
            except OSError as error:
                tell(error)
                return
            found = server.sockets[0].getsockname()[1]
            if self._is_announced:
                await stack.enter_async_context(announced(found, host))
            tell(f"{host}:{found}")
            await self._end.wait()
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = _Peer(writer)
        self._n_peers += 1
        try:
            address = writer.get_extra_info("peername")
            if self._n_peers <= _MOST_CONNECTIONS and self._guard.admits(str(address[0]) if address else None):
                async with asyncio.TaskGroup() as group:
                    sending = group.create_task(peer.send_all())
                    await self._converse(peer, reader)
                    sending.cancel()
        except* (ConnectionError, TimeoutError):  # it left, or does not read
            pass
        except* EdgeError as errors:
            _LOG.warning("a peer of the satellite was refused: %s", errors.exceptions[0])
        finally:
            self._n_peers -= 1
            if self._leader is peer:
                self._leader = None
                self._received.append(Message(GONE))
            writer.transport.abort()

    async def _converse(self, peer: _Peer, reader: asyncio.StreamReader) -> None:
        while True:
            async with asyncio.timeout(_IDLE_S):
                event = await read_event(reader)
            if event is None:
                return
            if Describe.is_type(event.type):
                peer.put(self._info.event())
            elif Ping.is_type(event.type):
                peer.put(Pong(text=Ping.from_event(event).text).event())
            else:
                if event.type == RUN:
                    self._leader = peer
                if self._leader is peer:
                    self._received.append(Message(event.type, event.data, event.payload or b""))

    def _send(self, messages: tuple[Message, ...]) -> None:
        if self._leader is not None:
            for message in messages:
                self._leader.put(Event(message.kind, dict(message.data), message.payload or None))


class _Peer:
    """One connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._unsent: asyncio.Queue[Event] = asyncio.Queue(_MOST_UNSENT)

    def put(self, event: Event) -> None:
        """Have an event sent; a peer that does not read is given up."""
        try:
            self._unsent.put_nowait(event)
        except asyncio.QueueFull:
            self._writer.transport.abort()

    async def send_all(self) -> None:
        """Send what is put, until it is cancelled."""
        while True:
            event = await self._unsent.get()
            async with asyncio.timeout(_SLOWEST_WRITE_S):
                await async_write_event(event, self._writer)
