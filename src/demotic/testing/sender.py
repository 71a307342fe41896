"""A sender whose every receipt a test decides."""

import asyncio
from typing import NamedTuple

from demotic.domain.deliveries import Receipt, Verdict
from demotic.domain.errors import BadInput

DELIVERED = Receipt(Verdict.DELIVERED, 200)


class Sent(NamedTuple):
    """One attempt."""

    url: str
    id: str
    body: bytes
    now_us: int


class ScriptedSender:
    """`demotic.ports.deliveries.Sender` for tests: it keeps what it is to send.

    It gives the `receipts` one after the other, then `otherwise`. URLs that hold "bad" are
    refused; an attempt at one that holds "slow" takes until `open`.
    """

    def __init__(self, *receipts: Receipt, otherwise: Receipt = DELIVERED) -> None:
        self.receipts, self.otherwise = list(receipts), otherwise
        self.sent: list[Sent] = []
        self.is_closed = False
        self._gate = asyncio.Event()
        self._news = asyncio.Condition()

    def check(self, url: str) -> None:
        """See the port."""
        if "bad" in url:
            raise BadInput("must not be bad.")

    async def send(self, url: str, id: str, body: bytes, *, now_us: int) -> Receipt:
        """See the port."""
        async with self._news:
            self.sent.append(Sent(url, id, body, now_us))
            self._news.notify_all()
        if "slow" in url:
            await self._gate.wait()
        return self.receipts.pop(0) if self.receipts else self.otherwise

    async def close(self) -> None:
        """See the port."""
        self.is_closed = True

    def open(self) -> None:
        """Let slow attempts end."""
        self._gate.set()

    async def arrived(self, number: int) -> list[Sent]:
        """Wait until there have been so many attempts (5 s at most); all of them."""
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(lambda: len(self.sent) >= number)
        return self.sent
