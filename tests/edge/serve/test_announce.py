"""A Wyoming server is found in the network, and only where the network can reach it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from edge.serve.wyoming import announce

from .conftest import Served
from .scripted import Scripted

zeroconf = pytest.importorskip("zeroconf")
MakeServer = Callable[..., Served]
KIND = "_wyoming._tcp.local."


async def found(port: int, within_s: float) -> tuple[str, list[str]] | None:
    """Look for a server as Home Assistant does; gives its name and addresses."""
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

    names: asyncio.Queue[str] = asyncio.Queue()

    def changed(zeroconf: object, service_type: str, name: str, state_change: object) -> None:
        names.put_nowait(name)

    async with AsyncZeroconf(interfaces=["127.0.0.1"]) as network:
        browser = AsyncServiceBrowser(network.zeroconf, KIND, handlers=[changed])
        try:
            async with asyncio.timeout(within_s):
                while True:
                    info = AsyncServiceInfo(KIND, await names.get())
                    if await info.async_request(network.zeroconf, 1000) and info.port == port:
                        return info.name, info.parsed_addresses()
        except TimeoutError:
            return None
        finally:
            await browser.async_cancel()


@pytest.mark.loopback
def test_it_is_found_by_its_port_and_address() -> None:
    async def main() -> tuple[str, list[str]] | None:
        async with announce.announced(10399, "127.0.0.1"):
            return await found(10399, 20.0)

    answer = asyncio.run(main())
    assert answer is not None
    name, addresses = answer
    assert name.endswith(KIND)
    assert addresses == ["127.0.0.1"]


def test_a_server_of_this_machine_alone_is_not_announced(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, str]] = []

    @asynccontextmanager
    async def note(port: int, host: str) -> AsyncIterator[None]:
        told.append((port, host))
        yield

    monkeypatch.setattr(announce, "announced", note)
    make_server(Scripted())
    assert told == []
    served = make_server(Scripted(), host="0.0.0.0", allow=["10.0.0.0/8"])
    assert told == [(served.wyoming[1], "0.0.0.0")]


@pytest.mark.loopback
def test_an_address_to_announce_is_one_that_is_reached() -> None:
    assert announce._address("192.168.1.5") == "192.168.1.5"
    try:
        address = announce._address("0.0.0.0")
    except OSError:
        pytest.skip("this machine is in no network")
    assert not address.startswith("0.")


def test_a_network_that_takes_no_announcements_is_no_reason_not_to_serve(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(host: str) -> str:
        raise OSError("no network")

    async def main() -> None:
        async with announce.announced(1, "0.0.0.0"):
            pass

    monkeypatch.setattr(announce, "_address", refuse)
    asyncio.run(main())
    assert "enter its address in Home Assistant" in caplog.text
