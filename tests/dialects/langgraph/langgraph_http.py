"""The dialect's app around a house, in process: whole answers, and streams read as they come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message

from demotic.dialects.langgraph.choices import STAMPS
from demotic.dialects.langgraph.compat import TODAY, Compat
from demotic.dialects.langgraph.openapi.tables import TABLES
from demotic.dialects.langgraph.requests import FindEngine
from demotic.dialects.langgraph.routes import LangGraphDialect
from demotic.dialects.streaming.routes import StreamingDialect
from demotic.domain.ids import system_assistant_id
from demotic.engine.core import Engine
from house import House

AGENT = "scripted"
ASSISTANT = system_assistant_id(AGENT)
UNKNOWN = "00000000-0000-0000-0000-000000000000"


def no_engine() -> Engine:
    """For a dialect whose routes are only listed."""
    raise AssertionError("no request is made here")


def whole_dialect(engine: FindEngine, compat: Compat = TODAY) -> LangGraphDialect:
    """The dialect as it is served: with the streaming protocol among its paths."""
    streaming = StreamingDialect(engine, STAMPS)
    return LangGraphDialect(engine, compat, also=streaming.operations, told=streaming.tables)


WHOLE = whole_dialect(no_engine)
WHOLE_TABLES = TABLES.joined(StreamingDialect(no_engine, STAMPS).tables)

STEPS: list[Any] = [
    ["emit", "values", {"x": 1}],
    ["emit", "custom", 1],
    ["emit", "values", {"x": 2}],
]


def run_body(*steps: list[Any], **options: Any) -> dict[str, Any]:
    """A body that starts a run of these steps."""
    return {"assistant_id": AGENT, "input": list(steps), **options}


class Wire:
    """What a client does: requests with JSON bodies."""

    def __init__(self, house: House, compat: Compat = TODAY) -> None:
        self.house = house
        streaming = StreamingDialect(lambda: house.engine, STAMPS)
        dialect = whole_dialect(lambda: house.engine, compat)
        self.app: ASGIApp = Starlette(
            routes=[*dialect.routes, *streaming.sockets],
            exception_handlers=dialect.exception_handlers,
        )
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://test"
        )

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """One request and its whole answer, within 5 s."""
        content = None if body is None else orjson.dumps(body)
        return await asyncio.wait_for(
            self.client.request(method, path, content=content, headers=headers), 5
        )

    async def thread(self) -> str:
        """A new thread's id."""
        created = await self.ask("POST", "/threads", {})
        id: str = created.json()["thread_id"]
        return id

    async def start(self, thread: str, *steps: list[Any], **options: Any) -> str:
        """Start a run in the background; its id."""
        body = {"assistant_id": AGENT, "input": list(steps), **options}
        created = await self.ask("POST", f"/threads/{thread}/runs", body)
        assert created.status_code == 200, created.text
        id: str = created.json()["run_id"]
        return id

    def open(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> "Streaming":
        """A request whose answer is read chunk by chunk."""
        return Streaming(self.app, method, path, body, headers or {})


class Streaming:
    """An answer that is read as it comes; leaving the block is the client going away."""

    def __init__(
        self, app: ASGIApp, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        raw = [(key.lower().encode(), value.encode()) for key, value in headers.items()]
        path, _, query = path.partition("?")
        self._scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"test"), *raw],
            "scheme": "http",
            "server": ("test", 80),
        }
        content = b"" if body is None else orjson.dumps(body)
        self._app, self._content, self._sent = app, content, False
        self._task: asyncio.Task[None]
        self._gone, self._begun = asyncio.Event(), asyncio.Event()
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()

    @classmethod
    def of(cls, app: ASGIApp, request: httpx.Request) -> "Streaming":
        """The answer to a request as a client library makes it."""
        made = cls(app, request.method, request.url.path, None, {})
        made._scope["raw_path"] = request.url.raw_path.split(b"?")[0]
        made._scope["query_string"] = request.url.query
        made._scope["headers"] = [(key.lower(), value) for key, value in request.headers.raw]
        made._content = request.content
        return made

    async def __aenter__(self) -> "Streaming":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._gone.set()
        await asyncio.wait_for(self._task, 5)

    async def begun(self) -> None:
        """Wait until the answer has begun: from then on it misses nothing."""
        await asyncio.wait_for(self._begun.wait(), 5)

    async def chunk(self) -> bytes | None:
        """The next chunk, within 5 s; None at the end."""
        return await asyncio.wait_for(self._chunks.get(), 5)

    async def until(self, text: bytes) -> bytes:
        """Everything up to the chunk that holds a text."""
        whole = b""
        while text not in whole:
            chunk = await self.chunk()
            assert chunk is not None, f"the answer ended without {text!r}: {whole!r}"
            whole += chunk
        return whole

    async def rest(self) -> bytes:
        """Everything up to the end."""
        whole = b""
        while (chunk := await self.chunk()) is not None:
            whole += chunk
        return whole

    async def _run(self) -> None:
        await self._app(self._scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if not self._sent:
            self._sent = True
            return {"type": "http.request", "body": self._content, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {key.decode(): value.decode() for key, value in message["headers"]}
            self._begun.set()
        elif message.get("body"):
            await self._chunks.put(message["body"])
        if message["type"] == "http.response.body" and not message.get("more_body"):
            await self._chunks.put(None)


Frame = tuple[str, Any, str | None]


def frames(stream: str | bytes) -> list[Frame]:
    """The events of a stream: name, data, id."""
    text = stream.decode() if isinstance(stream, bytes) else stream
    found: list[Frame] = []
    for block in text.split("\r\n\r\n"):
        fields = dict(
            line.split(": ", 1) for line in block.split("\r\n") if line[:1] not in ("", ":")
        )
        if fields:
            found.append((fields["event"], orjson.loads(fields["data"]), fields.get("id")))
    return found


@asynccontextmanager
async def open_wire(house: House, compat: Compat = TODAY) -> AsyncIterator[Wire]:
    """A client of a house."""
    wire = Wire(house, compat)
    async with wire.client:
        yield wire
