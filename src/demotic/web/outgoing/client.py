"""An HTTP client that connects to checked addresses only. Importing it takes a while (aiohttp)."""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from demotic.web.outgoing.exchange import Answer, LookUp, NotReached
from demotic.web.outgoing.policy import Target, UrlPolicy

CONNECT_S = 5.0
READ = 1024  # bytes of an answer that are read
READ_S = 2.0


class Client:
    """Posts to targets. A name is looked up once for each request, and if all its addresses may
    be called, one of these is connected to. Nothing of a connection is kept."""

    def __init__(self, policy: UrlPolicy, look_up: LookUp, tls: ssl.SSLContext | None) -> None:
        self._policy = policy
        connector = aiohttp.TCPConnector(
            resolver=_CheckedResolver(policy, look_up),
            use_dns_cache=False,
            force_close=True,
            limit=0,
            ssl=tls or True,
            socket_factory=self._socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            auto_decompress=False,
            trust_env=False,
        )

    async def post(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body. Raises `Refused` before anything is sent, and `NotReached`."""
        url = URL(target.url, encoded=True)
        try:
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                said = b"" if 200 <= response.status < 300 else await _beginning(response)
                retry_after = response.headers.get("Retry-After", "")
                return Answer(response.status, retry_after, said)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NotReached(_told(error)) from error

    async def close(self) -> None:
        """Let go of every connection."""
        await self._session.close()

    def _socket(self, found: Any) -> socket.socket:
        """A socket for an address, which is checked here once more: whatever was read of the URL
        on the way, this is where it leads."""
        family, kind, protocol, _, address = found
        self._policy.check_address(ip_address(address[0]))
        return socket.socket(family, kind, protocol)


class _CheckedResolver(AbstractResolver):
    """Gives the addresses of a name, if every one of them may be called."""

    def __init__(self, policy: UrlPolicy, look_up: LookUp) -> None:
        self._policy, self._look_up = policy, look_up

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Look a name up. Raises `Refused`, and `OSError` where it has no address."""
        addresses = [ip_address(each) for each in dict.fromkeys(await self._look_up(host, port))]
        if not addresses:
            raise OSError(f"{host} has no address")
        for address in addresses:
            self._policy.check_address(address)
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """The beginning of a readable answer, if it comes soon."""
    if "Content-Encoding" in response.headers:
        return b""
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(READ_S):
            return await response.content.read(READ)
    return b""


def _told(error: Exception) -> str:
    """An error in words that name no address."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "Its host name could not be looked up."
        case aiohttp.ClientConnectorCertificateError():
            reason = getattr(error.certificate_error, "verify_message", "") or "it is not trusted"
            return f"Its certificate could not be verified: {reason}."
        case aiohttp.ClientSSLError():
            return "No TLS connection could be made."
        case aiohttp.ClientOSError(errno=int(number)):
            return f"No connection: {os.strerror(number)}."
        case aiohttp.ServerDisconnectedError():
            return "The connection was closed without an answer."
        case TimeoutError():
            return f"No connection within {CONNECT_S:g} seconds."
    return f"No proper answer ({type(error).__name__})."
