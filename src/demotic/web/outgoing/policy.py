"""Which URLs may be called, as far as that can be known without looking up a name."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from demotic.domain.errors import BadInput
from demotic.web.outgoing.addresses import METADATA, Address, Network, literal, refusal

LONGEST = 65_536  # characters of a URL

_EXAMPLE = "Give an absolute URL, as in https://app.example.com/hook."
_HOST = re.compile(
    r"(?=.{1,253}\.?$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*"
    r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?"
)
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")

FOREIGN_PORTS = frozenset(
    [0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95]
    + [101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179]
    + [389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601]
    + [636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566]
    + [6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080]
)
"""Ports of other protocols, which a request could be mistaken for: browsers refuse them, too."""


class Refused(Exception):
    """An address that may not be called; `address` is for the log only."""

    def __init__(self, reason: str, address: Address) -> None:
        super().__init__(reason)
        self.address = address


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be called: in its one spelling, and its parts."""

    url: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlPolicy:
    """Rules for URLs. `domains` are names, `*.name` for all below one (None: any), `ports` the
    allowed ones (None: any but those of other protocols), `networks` what may be called although
    it is not public."""

    require_https: bool = False
    domains: tuple[str, ...] | None = None
    ports: frozenset[int] | None = None
    longest: int = LONGEST
    networks: tuple[Network, ...] = ()

    def target(self, url: str) -> Target:
        """The URL's target. Raises `BadInput`, in words that go after a field's name."""
        parts = self._split(url)
        host, port = self._host(parts), self._port(parts)
        path = parts.path or "/"
        query = f"?{parts.query}" if parts.query else ""
        shown = f"[{host}]" if ":" in host else host
        default = {"http": 80, "https": 443}[parts.scheme]
        place = shown if port == default else f"{shown}:{port}"
        return Target(f"{parts.scheme}://{place}{path}{query}", host, port)

    def check_address(self, address: Address) -> None:
        """Raises `Refused` for an address that may not be called."""
        if reason := refusal(address, self.networks):
            raise Refused(reason, address)

    def _split(self, url: str) -> SplitResult:
        if not 0 < len(url) <= self.longest:
            raise BadInput(f"must have 1 to {self.longest} characters; it has {len(url)}.")
        if _UNSAFE.search(url) or not url.isascii():
            raise BadInput(
                "must be a URL of ASCII characters: percent-encode the others, write host names "
                "in punycode."
            )
        try:
            parts = urlsplit(url)
        except ValueError:
            raise BadInput(f"is not a URL. {_EXAMPLE}") from None
        if not parts.scheme:
            raise BadInput(f"must not be a relative URL. {_EXAMPLE}")
        if parts.scheme not in ("http", "https"):
            raise BadInput(f"must be a URL of https or http, not of {parts.scheme!r}. {_EXAMPLE}")
        if parts.scheme == "http" and self.require_https:
            raise BadInput(
                "must be a URL of https: `webhooks.url.require_https` of the configuration asks "
                "for it."
            )
        if "@" in parts.netloc:
            raise BadInput("must not hold a user name or password: they would be shown.")
        if parts.fragment:
            raise BadInput("must not have a fragment (#…): it is never sent.")
        return parts

    def _host(self, parts: SplitResult) -> str:
        try:
            host = (parts.hostname or "").lower()
        except ValueError:
            host = ""
        address = literal(host)
        if address is not None:
            host = str(address)
            if "%" in host:
                raise BadInput("must not name a network zone (%).")
        elif not _HOST.fullmatch(host) or _last_label(host).isdigit():
            raise BadInput(f"must name a host. {_EXAMPLE}")
        self._check_name(host.rstrip("."), address)
        return host

    def _check_name(self, name: str, address: Address | None) -> None:
        local = literal("127.0.0.1") if name == "localhost" or name.endswith(".localhost") else None
        known = address or local
        if known is not None and (reason := refusal(known, self.networks)):
            raise BadInput(f"must not lead to {name}, which is {reason}.{_remedy(reason)}")
        if self.domains is not None and not any(_matches(name, each) for each in self.domains):
            raise BadInput(
                f"must not lead to {name}: `webhooks.url.allowed_domains` of the configuration "
                "does not list it."
            )

    def _port(self, parts: SplitResult) -> int:
        try:
            port = parts.port
        except ValueError:
            raise BadInput("must have a port from 1 to 65535, or none.") from None
        if port is None:
            port = {"http": 80, "https": 443}[parts.scheme]
        if self.ports is not None and port not in self.ports:
            raise BadInput(
                f"must not use port {port}: `webhooks.url.allowed_ports` of the configuration "
                "does not list it."
            )
        if self.ports is None and port in FOREIGN_PORTS:
            raise BadInput(f"must not use port {port}: it belongs to another protocol.")
        return port


def _last_label(host: str) -> str:
    return host.rstrip(".").rpartition(".")[2]


def _remedy(reason: str) -> str:
    if reason == METADATA:
        return ""
    if "loopback" in reason:
        way = "set `webhooks.url.disable_loopback` of the configuration to false"
    else:
        way = "name its network in DEMOTIC_WEBHOOK_NETWORKS"
    return f" Where that is meant, {way}."


def _matches(name: str, pattern: str) -> bool:
    """Whether a name is the one that a pattern names, or below it (`*.name`)."""
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern
