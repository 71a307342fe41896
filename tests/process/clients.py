"""What tests of the Python SDK share: clients of a server, and what they read of a stream."""

from collections.abc import AsyncIterable, Iterable
from typing import Any

from langgraph_sdk import get_client, get_sync_client
from langgraph_sdk.client import LangGraphClient, SyncLangGraphClient
from langgraph_sdk.schema import StreamPart

from process.serving import Server

NO_UUID = "00000000-0000-7000-8000-000000000000"
"""An id that names nothing."""


def notes(*items: str) -> Any:
    """Input for most of the graphs."""
    return {"items": [*items]}


HI: Any = {"messages": [{"role": "user", "content": "Hi"}]}
"""Input for the graph with a model."""


def client_of(server: Server, port: int | None = None) -> LangGraphClient:
    """The asynchronous SDK; `port` to reach the server through another one."""
    url = server.base_url if port is None else f"http://127.0.0.1:{port}"
    return get_client(url=url, api_key=None, timeout=10)


def sync_client_of(server: Server) -> SyncLangGraphClient:
    """The synchronous SDK."""
    return get_sync_client(url=server.base_url, api_key=None, timeout=10)


async def collect(stream: AsyncIterable[StreamPart]) -> list[StreamPart]:
    """A whole stream."""
    return [part async for part in stream]


async def until(stream: AsyncIterable[StreamPart], event: str, data: Any) -> list[StreamPart]:
    """A stream up to an event; the stream is left open."""
    parts = []
    async for part in stream:
        parts.append(part)
        if (part.event, part.data) == (event, data):
            return parts
    raise AssertionError(f"no {event} {data!r} in {parts}")


async def leave(stream: Any) -> None:
    """Close a stream before its end, as a client that goes away."""
    await stream.aclose()


def names(parts: Iterable[StreamPart]) -> list[str]:
    """The events' names."""
    return [part.event for part in parts]


def data_of(parts: Iterable[StreamPart], event: str) -> list[Any]:
    """The data of the events with a name."""
    return [part.data for part in parts if part.event == event]


def ids_of(parts: Iterable[StreamPart]) -> list[int]:
    """The events' ids, as numbers."""
    return [int(part.id or "") for part in parts]
