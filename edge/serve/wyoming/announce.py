"""Tells the network of a Wyoming server, so that Home Assistant finds it."""

from __future__ import annotations

import ipaddress
import logging
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_LOG = logging.getLogger("edge.serve")

_KIND = "_wyoming._tcp.local."
_MDNS = ("224.0.0.251", 1)


@asynccontextmanager
async def announced(port: int, host: str) -> AsyncIterator[None]:
    """Announce a server until the block ends; a network that takes no announcements is no reason not to serve."""
    from zeroconf import Error
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

    try:
        address = _address(host)
        network = AsyncZeroconf(interfaces=[address])
    except (OSError, Error) as error:
        _LOG.warning("the server cannot be announced in the network (%s): enter its address in Home Assistant", error)
        yield
        return
    name = f"{uuid.getnode():012x}.{_KIND}"
    info = AsyncServiceInfo(_KIND, name, addresses=[ipaddress.ip_address(address).packed], port=port)
    try:
        await network.async_register_service(info, allow_name_change=True)
        yield
    finally:
        await network.async_unregister_all_services()
        await network.async_close()


def _address(host: str) -> str:
    """Return the address to announce: the one that is listened on, or by which the network is reached."""
    if not ipaddress.ip_address(host).is_unspecified:
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(_MDNS)  # sends nothing, but chooses an interface
        found: str = probe.getsockname()[0]
        return found
