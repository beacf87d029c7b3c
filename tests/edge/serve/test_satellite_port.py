"""The port of a satellite, with the client of Wyoming's own package."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from typing import cast

import pytest
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping
from wyoming.satellite import RunSatellite

from edge.assist.satellite.message import GONE, RUN, Message
from edge.errors import OutputError
from edge.serve.guard import Guard
from edge.serve.wyoming.satellite import SatellitePort, satellite_info

pytestmark = pytest.mark.loopback

INFO = satellite_info("kitchen", "Kitchen", "okay_nabu", "Okay Nabu", "en")


@pytest.fixture
def port() -> Iterator[SatellitePort]:
    made = SatellitePort(INFO, Guard(), is_announced=False)
    yield made
    made.close()


async def next_of(client: AsyncTcpClient) -> Event | None:
    event: Event | None = await client.read_event()
    return event


def client_of(address: str) -> AsyncTcpClient:
    host, number = address.split(":")
    return AsyncTcpClient(host, int(number))


def kinds(port: SatellitePort, n_kinds: int) -> list[str]:
    """Kinds that come within some time, so many of them."""
    found: list[str] = []
    deadline = time.monotonic() + 5
    while len(found) < n_kinds and time.monotonic() < deadline:
        found += [message.kind for message in port.received()]
        time.sleep(0.01)
    return found


def test_it_describes_itself_and_is_led_by_who_asks_for_that(port: SatellitePort) -> None:
    address = port.start("127.0.0.1", 0)

    async def main() -> list[Event | None]:
        async with client_of(address) as asks, client_of(address) as leads:
            await asks.write_event(Describe().event())
            await asks.write_event(Event("timer-finished", {"id": "not the leader's"}))
            await leads.write_event(RunSatellite().event())
            await leads.write_event(Ping(text="there?").event())
            found = [await next_of(asks), await next_of(leads)]
            port.send(Message("audio-chunk", {"rate": 16000}, b"\0\1"))
            return [*found, await next_of(leads)]

    info, pong, chunk = asyncio.run(main())
    assert info is not None
    assert pong is not None
    assert chunk is not None
    described = Info.from_event(info)
    assert described.satellite is not None
    assert (described.satellite.name, described.satellite.area) == ("kitchen", "Kitchen")
    assert described.wake[0].models[0].phrase == "Okay Nabu"
    assert pong.data["text"] == "there?"
    assert (chunk.type, chunk.data["rate"], chunk.payload) == ("audio-chunk", 16000, b"\0\1")
    assert kinds(port, 2) == [RUN, GONE]


def test_who_comes_later_leads_and_who_led_before_ends_nothing(port: SatellitePort) -> None:
    address = port.start("127.0.0.1", 0)

    async def main() -> Event | None:
        async with client_of(address) as second:
            async with client_of(address) as first:
                await first.write_event(RunSatellite().event())
                await asyncio.to_thread(kinds, port, 1)
                await second.write_event(RunSatellite().event())
                assert await asyncio.to_thread(kinds, port, 1) == [RUN]
            await asyncio.sleep(0.1)
            assert port.received() == []
            port.send(Message("played"))
            return await next_of(second)

    found = asyncio.run(main())
    assert found is not None
    assert found.type == "played"


class Closed:
    """Rules that admit nobody; those of a server always admit this machine."""

    def admits(self, address: str | None) -> bool:
        return address is None


def test_strangers_are_told_nothing() -> None:
    port = SatellitePort(INFO, cast(Guard, Closed()), is_announced=False)

    async def main() -> Event | None:
        with contextlib.suppress(ConnectionError):
            async with client_of(port.start("127.0.0.1", 0)) as client:
                await client.write_event(Describe().event())
                return await next_of(client)
        return None

    try:
        assert asyncio.run(main()) is None
    finally:
        port.close()


@pytest.mark.parametrize("garbage", [b"\xff\xfe\n", b"{}\n", b'{"type": 1}\n', b"x" * 100_000])
def test_garbage_ends_its_connection_alone(port: SatellitePort, garbage: bytes) -> None:
    host, number = port.start("127.0.0.1", 0).split(":")
    with socket.create_connection((host, int(number)), 5) as peer:
        peer.sendall(garbage)
        with contextlib.suppress(ConnectionResetError):
            assert peer.recv(1) == b""

    async def main() -> Event | None:
        async with client_of(f"{host}:{number}") as client:
            await client.write_event(Describe().event())
            return await next_of(client)

    assert asyncio.run(main()) is not None


def test_a_port_that_is_taken_is_said(port: SatellitePort) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OutputError, match="cannot be listened on"):
        port.start("127.0.0.1", taken.getsockname()[1])


def test_what_is_sent_to_nobody_is_lost_without_harm(port: SatellitePort) -> None:
    port.send(Message("played"))
    port.start("127.0.0.1", 0)
    port.send(Message("played"))
    port.close()
    port.send(Message("played"))
    assert port.received() == []
