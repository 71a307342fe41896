"""How the load talks to a server: JSON and event streams."""

import json
import time
from typing import Any

import aiohttp

TIMEOUT_S = 300.0
KEEP_ALIVE_S = 2.0  # less than servers keep idle connections, so none is reused while it closes


class Refused(Exception):
    """The server did not answer what was expected."""


def session(base: str) -> aiohttp.ClientSession:
    """Connections to the server at an address, as many as there are clients."""
    return aiohttp.ClientSession(
        base,
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
    )


class Client:
    """JSON and event streams of one server."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that a request is answered with."""
        return json.loads(await self.fetch(method, path, body))

    async def fetch(self, method: str, path: str, body: Any = None) -> bytes:
        """What a request is answered with, not decoded."""
        async with self._session.request(method, path, json=body) as response:
            content = await response.read()
        if response.status >= 300:
            raise Refused(f"{method} {path}: {response.status} {content[:200]!r}")
        return content

    async def thread(self, metadata: dict[str, Any] | None = None) -> str:
        """The id of a new thread."""
        made = await self.call("POST", "/threads", {"metadata": metadata} if metadata else {})
        return str(made["thread_id"])

    async def wait(self, body: dict[str, Any], thread: str | None = None) -> Any:
        """The output of a run, on a thread or without one."""
        path = f"/threads/{thread}/runs/wait" if thread else "/runs/wait"
        return await self.call("POST", path, body)

    async def stream(
        self, method: str, path: str, body: dict[str, Any] | None, event: bytes
    ) -> tuple[float, bytes]:
        """The time to the first event whose name begins with `event`, and all of the stream.

        A stream that is joined is asked for from its beginning on.
        """
        began, first, seen = time.perf_counter(), 0.0, bytearray()
        headers = {"accept": "text/event-stream", **({"last-event-id": "-1"} if not body else {})}
        async with self._session.request(method, path, json=body, headers=headers) as response:
            async for chunk in response.content.iter_any():
                seen += chunk
                if not first and event in seen:
                    first = time.perf_counter() - began
        if response.status >= 300 or b"event: error" in seen:
            raise Refused(f"{method} {path}: {response.status} {bytes(seen[-300:])!r}")
        return first, bytes(seen)
