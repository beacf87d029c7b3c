"""Settings of a server: where it listens, who may use it, and how much of it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..errors import OptionError
from ..kinds import Real, Special, Text, Whole
from ..settings import check_fields, setting
from ..values import several, shown

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_WHERE, _LIMITS = "where and who", "limits"
_NAMES = "names such as voice.example.org"
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){0,9}")
NETWORKS = "networks such as 192.168.1.0/24, or addresses"


def read_networks(name: str, value: object) -> tuple[str, ...]:
    """Read the networks of a setting of this name; OptionError where one is none."""
    return tuple(str(network_of(written, name)) for written in several(name, value, 1000, '("192.168.1.0/24",)'))


def _networks(value: object) -> tuple[str, ...]:
    return read_networks("allow", value)


def _names(value: object) -> tuple[str, ...]:
    names = tuple(str(name).strip().lower() for name in several("names", value, 100, '("voice.example.org",)'))
    for name in names:
        if not _NAME.fullmatch(name):
            raise OptionError(f"names has {shown(name)}; expected {_NAMES}")
    return names


def network_of(written: object, name: str = "allow") -> Network:
    """Return the network that is meant in a setting of this name; OptionError if there is none."""
    try:
        return ipaddress.ip_network(str(written).strip(), strict=False)
    except ValueError:
        raise OptionError(f"{name} has {shown(written)}; expected {NETWORKS}") from None


def is_local(host: str) -> bool:
    """Whether only this machine can reach what listens on an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read_list(written: str) -> list[str]:
    return [one for one in written.split(",") if one.strip()]


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Settings of a server."""

    host: str = field(default="127.0.0.1", metadata=setting(Text(255), group=_WHERE, metavar="ADDRESS"))
    """Address to listen on: 127.0.0.1 is this machine alone, 0.0.0.0 everybody who can reach it."""
    port: int = field(default=8383, metadata=setting(Whole(0, 65535), group=_WHERE, metavar="N"))
    """Port of the page and of OpenAI's protocol; 0 takes a free one."""
    wyoming_port: int = field(default=10300, metadata=setting(Whole(0, 65535), group=_WHERE, metavar="N"))
    """Port of Wyoming; 0 takes a free one."""
    allow: Iterable[str] = field(
        default=(),
        metadata=setting(
            Special(NETWORKS, _networks, _read_list),
            group=_WHERE,
            metavar="NET,NET",
            default_words="every address that may reach it, with the token",
        ),
    )
    """Networks from which it may be used."""
    names: Iterable[str] = field(
        default=(),
        metadata=setting(
            Special(_NAMES, _names, _read_list), group=_WHERE, metavar="NAME,NAME", default_words="this machine's own"
        ),
    )
    """Names by which it may be reached, such as the one in its certificate."""
    upload_mb: float = field(
        default=25.0, metadata=setting(Real(0.001, 4096, "megabytes, 0.001 to 4096"), group=_LIMITS, metavar="MB")
    )
    """Megabytes of a recording that is sent, at most."""
    longest: float = field(
        default=3600.0, metadata=setting(Real(1, 86400, "seconds, 1 to 86400"), group=_LIMITS, metavar="S")
    )
    """Seconds of a recording, at most, and of live sound in one session."""
    patience: float = field(
        default=600.0, metadata=setting(Real(1, 86400, "seconds, 1 to 86400"), group=_LIMITS, metavar="S")
    )
    """Seconds after which the work on a recording is given up."""
    waiting: int = field(default=4, metadata=setting(Whole(0, 1000), group=_LIMITS, metavar="N"))
    """Recordings that are read beside one; the next is refused, with the advice to come again."""
    live: int = field(default=16, metadata=setting(Whole(0, 64), group=_LIMITS, metavar="N"))
    """Live sessions at a time."""
    connections: int = field(default=256, metadata=setting(Whole(1, 10000), group=_LIMITS, metavar="N"))
    """Connections at a time, on each port."""
    per_address: int = field(default=32, metadata=setting(Whole(1, 10000), group=_LIMITS, metavar="N"))
    """Connections of one address at a time, on each port; this machine may have all."""
    idle: float = field(default=30.0, metadata=setting(Real(1, 3600, "seconds, 1 to 3600"), group=_LIMITS, metavar="S"))
    """Seconds after which a connection on which nothing comes is closed."""

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def networks(self) -> tuple[Network, ...]:
        """Networks from which it may be used; none stands for all."""
        return tuple(map(network_of, self.allow))

    @property
    def is_local(self) -> bool:
        """Whether nobody else than this machine can reach the server."""
        return is_local(self.host)
