"""The dialect's app around an engine, in process: whole answers, and streams as they come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from starlette.types import ASGIApp

from demotic.agents.langgraph.factories import Graph
from demotic.domain.ids import system_assistant_id
from demotic.engine.core import Engine
from demotic.server.app import agent_protocol
from demotic.testing.agent import ScriptedAgent
from dialects.langgraph.langgraph_http import Streaming
from house import House
from served import served

AGENT = "scripted"
ASSISTANT = system_assistant_id(AGENT)
UNKNOWN = "00000000-0000-0000-0000-000000000000"

STEPS: list[Any] = [
    ["emit", "values", {"x": 1}],
    ["emit", "custom", 1],
    ["emit", "values", {"x": 2}],
]


def no_engine() -> Engine:
    """For a dialect whose routes are only listed."""
    raise AssertionError("no request is made here")


WHOLE = agent_protocol(no_engine)
"""The dialect as it is served."""


def run_body(*steps: list[Any], **options: Any) -> dict[str, Any]:
    """A body that starts a run of these steps."""
    return {"agent_id": AGENT, "input": list(steps), **options}


class Wire:
    """What a client does: requests with JSON bodies."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.use(agent_protocol(lambda: engine).app)

    def use(self, app: ASGIApp) -> None:
        """Send requests to an application from now on."""
        self.app = app
        transport = httpx.ASGITransport(app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://test")

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """One request and its whole answer, within 5 s."""
        content = None if body is None else orjson.dumps(body)
        return await asyncio.wait_for(
            self.client.request(method, path, content=content, headers=headers), 5
        )

    async def told(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a request that succeeds."""
        answer = await self.ask(method, path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def thread(self, **body: Any) -> str:
        """A new thread's id."""
        id: str = (await self.told("POST", "/threads", body))["thread_id"]
        return id

    async def start(self, *steps: list[Any], **options: Any) -> str:
        """Start a run in the background; its id."""
        id: str = (await self.told("POST", "/runs", run_body(*steps, **options)))["run_id"]
        return id

    async def wait(self, *steps: list[Any], **options: Any) -> Any:
        """Run to the end; what is answered."""
        return await self.told("POST", "/runs/wait", run_body(*steps, **options))

    async def run(self, id: str) -> Any:
        """A run as it stands."""
        return await self.told("GET", f"/runs/{id}")

    def open(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Streaming:
        """A request whose answer is read chunk by chunk."""
        return Streaming(self.app, method, path, body, headers or {})


class ScriptedWire(Wire):
    """A client of a house with its scripted agent."""

    def __init__(self, house: House) -> None:
        super().__init__(house.engine)
        self.house = house
        self.agent: ScriptedAgent = house.agent


@asynccontextmanager
async def open_wire(house: House) -> AsyncIterator[ScriptedWire]:
    """A client of a house."""
    wire = ScriptedWire(house)
    async with wire.client:
        yield wire


@asynccontextmanager
async def serving(graph: Graph) -> AsyncIterator[Wire]:
    """A client of an engine that serves one LangGraph graph, named `graph`."""
    async with served(graph) as opened:
        wire = Wire(opened.engine)
        async with wire.client:
            yield wire
