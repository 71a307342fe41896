"""Reading a run's events with a word now and then, so that idle connections stay open."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Protocol

from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from demotic.domain.errors import ShuttingDown
from demotic.domain.events import Ended, Event

PACE_S = 5.0
"""Longest silence on a connection. LangGraph API 0.16 sends a heartbeat as often."""


class Followed(Protocol):
    """What is read: one run, or a thread."""

    thread_id: str

    @property
    def stays(self) -> bool:
        """Whether there is more to come after a run's end."""
        ...

    async def next(self, timeout_s: float | None = None) -> Sequence[Event] | Ended | None:
        """The next events, or that a run has ended, or None when the time is over."""
        ...

    def close(self) -> None:
        """Stop reading."""
        ...


class Pace:
    """When something must be said again."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self.said()

    def said(self) -> None:
        """Something was sent just now."""
        self._due = asyncio.get_running_loop().time() + self._every_s

    async def next(self, following: Followed) -> Sequence[Event] | Ended | None:
        """What the follower gets next; None when it is time to say something."""
        left = self._due - asyncio.get_running_loop().time()
        return await following.next(left) if left > 0 else None


class Streamed(StreamingResponse):
    """A response made of chunks as they come; `close` is called whenever and however it ends.

    When the server shuts down, the response breaks off: a proper end would tell the client that
    this was all, while a broken one makes it come back to where `Location` says.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        close: Callable[[], None],
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(chunks, headers=headers)
        self._chunks, self._close = chunks, close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response; a client that goes away ends it."""
        try:
            await super().__call__(scope, receive, send)
        except (ClientDisconnect, ShuttingDown):
            pass
        finally:
            self._close()
            await self._chunks.aclose()
