"""Which network addresses the server may call: none that lead back into its own surroundings.

The blocks are those of IANA's special-purpose registries, and what clouds answer credentials at.
They are listed here, because what the standard library calls private changes with its version.
"""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_METADATA = (
    "169.254.169.254/32",
    "169.254.170.2/32",
    "169.254.170.23/32",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "192.0.0.192/32",
    "fd00:ec2::254/128",
    "fd00:ec2::23/128",
    "fd20:ce::254/128",
)
_SPECIAL = {
    "unspecified": ("0.0.0.0/8", "::/128"),
    "a loopback address": ("127.0.0.0/8", "::1/128"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    "shared by a carrier's customers": ("100.64.0.0/10",),
    "link-local": ("169.254.0.0/16", "fe80::/10"),
    "a multicast address": ("224.0.0.0/4", "ff00::/8"),
    "an IPv4 address in disguise": (
        "::/96",
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
    ),
    "reserved": (
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
    ),
}
_GIVEN_OUT = "2000::/3"  # what of IPv6 is in use at all
_WITH_IPV4 = ("::ffff:0:0/96", "64:ff9b::/96")  # the last 32 bits are the IPv4 address

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
"""This machine itself."""

METADATA = "the metadata service of a cloud"


@dataclass(frozen=True, slots=True)
class _Blocks:
    """The blocks above, ready to be compared with."""

    metadata: tuple[Network, ...]
    special: tuple[tuple[str, tuple[Network, ...]], ...]
    given_out: tuple[Network, ...]
    with_ipv4: tuple[Network, ...]


@cache
def _blocks() -> _Blocks:
    def networks(texts: Iterable[str]) -> tuple[Network, ...]:
        return tuple(map(ip_network, texts))

    special = tuple((what, networks(texts)) for what, texts in _SPECIAL.items())
    return _Blocks(networks(_METADATA), special, networks([_GIVEN_OUT]), networks(_WITH_IPV4))


def refusal(address: Address, allowed: Sequence[Network] = ()) -> str | None:
    """What keeps an address from being called, in words that follow "is"; None: it may be.

    `allowed` are networks that may be called although they are not public. Addresses at which
    clouds give out credentials never may.
    """
    blocks = _blocks()
    if _within(address, blocks.metadata):
        return METADATA
    if _within(address, allowed):
        if _within(address, blocks.with_ipv4):
            return refusal(IPv4Address(int(address) & 0xFFFF_FFFF), allowed)
        return None
    for what, networks in blocks.special:
        if _within(address, networks):
            return what
    if address.version == 6 and not _within(address, blocks.given_out):
        return "reserved"
    return None


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def literal(host: str) -> Address | None:
    """The address that a host is, in any form that sockets take for one; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:  # 127.1, 0x7f.1, 2130706433
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError, ValueError):
        return None
