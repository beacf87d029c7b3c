"""Who may use the server: addresses, the token, and pages of other servers, which may not.

A page in a browser can send requests to any server that the browser can reach. So where a browser names the page that
asks, it has to be ours, and the name by which the server was reached has to be an address or one that is known, or a
stranger's name could be made to lead here.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from .options import Network

OPEN_PATHS = frozenset(("/", "/health"))
"""Paths that need no token: the page, which holds nothing, and whether the server lives."""

TOKEN_PROTOCOL = "openai-insecure-api-key."
"""Name of a WebSocket's protocol that carries the token, for browsers, which cannot set headers there."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Refusal of a request."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Guard:
    """Rules about who may use the server."""

    token: str | None = None
    """Secret that every request has to carry; None where none is needed."""
    networks: tuple[Network, ...] = ()
    """Networks from which it may be used; none stands for all."""
    names: tuple[str, ...] = ()
    """Names by which it may be reached, beside its addresses and this machine's names."""

    def admits(self, address: str | None) -> bool:
        """Whether a connection from an address may be made."""
        if not self.networks:
            return True
        found = _address_of(address or "")
        return found is not None and (found.is_loopback or any(found in network for network in self.networks))

    def refusal(
        self, address: str | None, path: str, headers: Sequence[tuple[bytes, bytes]], protocols: Sequence[str] = ()
    ) -> Refusal | None:
        """Return why a request is refused; None where it is not."""
        if not self.admits(address):
            return Refusal(403, "this address may not use the server: its owner can name it with --allow")
        host = _header(headers, b"host")
        if not self._is_known(host):
            return Refusal(403, "the server does not go by this name: use its address, or give it with --names")
        origin = _header(headers, b"origin")
        if origin and not _is_same(origin, host):
            return Refusal(403, "a page of another server may not use this one")
        if self.token is not None and path not in OPEN_PATHS and not self._has_token(headers, protocols):
            return Refusal(401, "expected the server's token: send it as `Authorization: Bearer TOKEN`")
        return None

    def _is_known(self, host: str) -> bool:
        """Whether a Host header is an address, or a name of this machine."""
        name = _name_of(f"//{host}")
        own = socket.gethostname().lower()
        short = own.partition(".")[0]
        return _address_of(name) is not None or name in {"localhost", own, short, f"{short}.local", *self.names}

    def _has_token(self, headers: Sequence[tuple[bytes, bytes]], protocols: Sequence[str]) -> bool:
        kind, _, given = _header(headers, b"authorization").partition(" ")
        candidates = [given.strip()] if kind.lower() == "bearer" else []
        candidates += [name.removeprefix(TOKEN_PROTOCOL) for name in protocols if name.startswith(TOKEN_PROTOCOL)]
        wanted = (self.token or "").encode()
        return any([hmac.compare_digest(one.encode(), wanted) for one in candidates])  # noqa: C419


def is_own(address: str) -> bool:
    """Whether an address is this machine's own."""
    found = _address_of(address)
    return found is not None and found.is_loopback


def _address_of(written: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address; None where there is none."""
    try:
        found = ipaddress.ip_address(written.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return found if mapped is None else mapped


def _header(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")


def _is_same(origin: str, host: str) -> bool:
    return urlsplit(origin).netloc.lower() == host.lower()


def _name_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
