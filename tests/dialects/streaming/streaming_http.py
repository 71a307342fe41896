"""A client of the streaming protocol, in process: commands, event streams and WebSockets."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import httpx
import orjson
from starlette.types import ASGIApp, Message

from demotic.agents.langgraph.factories import Factory, Graph
from demotic.domain.ids import uuid7
from demotic.server import make_app
from dialects.langgraph.langgraph_http import Streaming, frames
from served import served
from test_make_app import configured, hosting, settings_of

HEADERS = {"host": "test"}


class Commanding(ABC):
    """Sends commands to a thread, whatever the way."""

    @abstractmethod
    async def command(self, method: str, **params: Any) -> Any:
        """The answer to a command."""

    async def result(self, method: str, **params: Any) -> Any:
        """The result of a command that succeeds."""
        told = await self.command(method, **params)
        assert told["type"] == "success", told
        return told["result"]

    async def error(self, method: str, **params: Any) -> str:
        """The code of a command that fails."""
        told = await self.command(method, **params)
        assert told["type"] == "error" and told["message"], told
        return str(told["error"])


class Client(Commanding):
    """Talks to one thread below a mount of an application."""

    def __init__(
        self, app: ASGIApp, thread: str, mount: str = "", headers: dict[str, str] | None = None
    ) -> None:
        self.app, self.path, self.headers = app, f"{mount}/threads/{thread}", headers or {}
        self.thread, self._id, self._seen = thread, 0, 0

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """A request about the thread, and its whole answer within 5 s."""
        content = None if body is None else orjson.dumps(body)
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            url, headers = self.path + path, self.headers
            asked = client.request(method, url, content=content, headers=headers)
            return await asyncio.wait_for(asked, 5)

    async def post(self, path: str, body: Any) -> httpx.Response:
        """A POST about the thread."""
        return await self.ask("POST", path, body)

    async def get(self, path: str) -> Any:
        """What a GET about the thread tells."""
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def command(self, method: str, **params: Any) -> Any:
        """The answer to a command over HTTP."""
        self._id += 1
        answer = await self.post("/commands", {"id": self._id, "method": method, "params": params})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["id"] == self._id
        return told

    def follow(self, *channels: str, path: str = "/stream", **body: Any) -> "Followed":
        """An event stream."""
        filter = {"channels": channels, **body}
        return Followed(Streaming(self.app, "POST", self.path + path, filter, self.headers))

    def socket(self, path: str = "/stream") -> "Socket":
        """A WebSocket."""
        return Socket(self.app, self.path + path, self.headers)

    async def ran(self, method: str, *channels: str, **params: Any) -> tuple[Any, list[Any]]:
        """The result of a command that starts a run, and what that run tells up to its end."""
        async with self.follow(*channels, "lifecycle", since=self._seen) as followed:
            result = await self.result(method, **params)
            events = await followed.until(is_end)
            self._seen = events[-1]["seq"]
            return result, events

    async def values(self) -> Any:
        """The thread's state."""
        return (await self.result("state.get", namespace=[]))["values"]

    async def ended(self, *channels: str, **body: Any) -> list[Any]:
        """What is told up to the end of a run."""
        async with self.follow(*channels, "lifecycle", **body) as followed:
            return await followed.until(is_end)


def is_end(event: Any) -> bool:
    """Whether an event tells that a run has ended, or waits."""
    data, namespace = event["params"]["data"], event["params"]["namespace"]
    over = ("completed", "failed", "interrupted")
    return event["method"] == "lifecycle" and not namespace and data["event"] in over


class Followed:
    """An event stream, event by event."""

    def __init__(self, streaming: Streaming) -> None:
        self.streaming = streaming
        self._rest, self._events = b"", list[Any]()

    async def __aenter__(self) -> "Followed":
        await self.streaming.__aenter__()
        await self.streaming.begun()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.streaming.__aexit__(kind, error, trace)

    async def next(self) -> Any:
        """The next event, within 5 s."""
        while not self._events:
            chunk = await self.streaming.chunk()
            assert chunk is not None, "the stream has ended"
            whole, mark, self._rest = (self._rest + chunk).rpartition(b"\r\n\r\n")
            for name, data, id in frames(whole + mark):
                assert (name, id) == (data["method"], str(data["seq"]))
                self._events.append(data)
        return self._events.pop(0)

    async def until(self, wanted: Any) -> list[Any]:
        """Events up to the first that is wanted."""
        events = [await self.next()]
        while not wanted(events[-1]):
            events.append(await self.next())
        return events


class Socket(Commanding):
    """A WebSocket; leaving the block is the client going away."""

    def __init__(self, app: ASGIApp, path: str, headers: dict[str, str]) -> None:
        told = {**HEADERS, **headers}
        self._scope: dict[str, Any] = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(key.encode(), value.encode()) for key, value in told.items()],
            "scheme": "ws",
            "server": ("test", 80),
            "subprotocols": [],
        }
        self._app = app
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._got: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None]
        self._id = 0
        self.events: list[Any] = []

    async def __aenter__(self) -> "Socket":
        await self._sent.put({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._sent.put({"type": "websocket.disconnect", "code": 1001})
        await asyncio.wait_for(self._task, 5)

    async def _run(self) -> None:
        await self._app(self._scope, self._sent.get, self._got.put)

    async def got(self) -> Message:
        """The next message of the server, within 5 s."""
        return await asyncio.wait_for(self._got.get(), 5)

    async def accepted(self) -> "Socket":
        """Wait until the connection stands."""
        assert (await self.got())["type"] == "websocket.accept"
        return self

    async def closed(self) -> int:
        """The code with which the server closes."""
        while (got := await self.got())["type"] != "websocket.close":
            assert got["type"] == "websocket.accept", got
        return int(got["code"])

    async def send(self, text: str | bytes) -> None:
        """Send a message as it is."""
        key = "text" if isinstance(text, str) else "bytes"
        await self._sent.put({"type": "websocket.receive", key: text})

    async def send_json(self, body: Any) -> None:
        """Send a message."""
        await self.send(orjson.dumps(body).decode())

    async def told(self) -> Any:
        """The next message, read."""
        got = await self.got()
        assert got["type"] == "websocket.send", got
        return orjson.loads(got["text"])

    async def command(self, method: str, **params: Any) -> Any:
        """The answer to a command; events that come before it are kept in `events`."""
        self._id += 1
        await self.send_json({"id": self._id, "method": method, "params": params})
        while (told := await self.told())["type"] == "event":
            self.events.append(told)
        assert told["id"] == self._id
        return told

    async def next(self) -> Any:
        """The next event."""
        return self.events.pop(0) if self.events else await self.told()

    async def until(self, wanted: Any) -> list[Any]:
        """Events up to the first that is wanted."""
        events = [await self.next()]
        while not wanted(events[-1]):
            events.append(await self.next())
        return events


@asynccontextmanager
async def talking(graph: Graph | Factory, mount: str = "") -> AsyncIterator[Client]:
    """A client of a thread that is not there yet, on a server of one graph named `graph`."""
    async with served(graph) as house:
        app = make_app(hosting(house.engine), configured(), settings_of())
        yield Client(app, uuid7(1), mount)


def data(events: list[Any], method: str, *path: str) -> list[Any]:
    """The data of a method's events at a namespace, given without tasks' ids."""
    return [
        each["params"]["data"]
        for each in events
        if each["method"] == method
        and tuple(part.partition(":")[0] for part in each["params"]["namespace"]) == path
    ]
