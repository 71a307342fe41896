"""What passes between the sender and its client."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a host."""


class NotReached(Exception):
    """The receiver was not reached, or gave no proper answer; in words for people."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said. `body` is its beginning, only where it did not say yes."""

    status: int
    retry_after: str
    body: bytes


async def look_up(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]
