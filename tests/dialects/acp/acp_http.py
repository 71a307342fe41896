"""ACP around an engine at work, in process: both versions, and LangGraph's API at the root."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from demotic.agents.langgraph.adapter import LangGraphAgent
from demotic.agents.langgraph.factories import Factory, Graph
from demotic.agents.langgraph.serde import StrictSerializer
from demotic.agents.langgraph.store import ItemStore
from demotic.dialects.acp.contracts import Contracts
from demotic.dialects.acp.manifest import parse_manifest
from demotic.dialects.acp.routes import AcpDialect
from demotic.dialects.acp.versions import NEWEST, VERSIONS, Version
from demotic.dialects.langgraph.routes import LangGraphDialect
from demotic.domain.assistants import AgentSchemas, Assistant
from demotic.domain.ids import system_assistant_id
from demotic.engine.core import Engine, Limits, running
from demotic.engine.deliveries import Callbacks
from demotic.engine.items import Items
from demotic.ports.agent import Agent
from demotic.ports.clock import SystemClock
from demotic.storage.sqlite.checkpoints import SqliteCheckpoints
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.testing.agent import ScriptedAgent
from demotic.testing.clock import FakeClock
from demotic.web.routing import WholeMount
from dialects.langgraph.langgraph_http import Streaming

AGENT = "scripted"
ASSISTANT = system_assistant_id(AGENT)
UNKNOWN = "00000000-0000-0000-0000-000000000000"
STEPS: list[Any] = [
    ["emit", "values", {"x": 1}],
    ["emit", "custom", {"note": 1}],
    ["emit", "values", {"x": 2}],
]


def no_engine() -> Engine:
    """For a dialect whose routes are only listed."""
    raise AssertionError("no request is made here")


async def no_schemas(assistant: Assistant) -> AgentSchemas:
    """For a dialect whose routes are only listed."""
    raise AssertionError("no request is made here")


def listed(version: Version) -> AcpDialect:
    """A dialect whose routes are only listed."""
    return AcpDialect(no_engine, Contracts(no_schemas, {}), version)


class Acp:
    """What a client of a version does: requests with JSON bodies, below that one's mount unless
    `mount` says otherwise."""

    def __init__(
        self, engine: Engine, contracts: Contracts, agent: Agent, version: Version = NEWEST
    ) -> None:
        self.engine, self.contracts, self._agent = engine, contracts, agent
        self.version = version
        root = LangGraphDialect(lambda: engine)
        mounts = [
            WholeMount(v.mount, AcpDialect(lambda: engine, contracts, v).app) for v in VERSIONS
        ]
        self.app: ASGIApp = Starlette(
            routes=[*mounts, *root.routes], exception_handlers=root.exception_handlers
        )
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://test"
        )

    @property
    def agent(self) -> ScriptedAgent:
        """The scripted agent."""
        assert isinstance(self._agent, ScriptedAgent)
        return self._agent

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        mount: str | None = None,
    ) -> httpx.Response:
        """One request and its whole answer, within 5 s."""
        content = None if body is None else orjson.dumps(body)
        url = self._at(mount) + path
        request = self.client.request(method, url, content=content, headers=headers)
        return await asyncio.wait_for(request, 5)

    async def thread(self) -> str:
        """A new thread's id."""
        id: str = (await self.ask("POST", "/threads", {})).json()["thread_id"]
        return id

    async def place(self, *, stateful: bool) -> str:
        """Where runs are started: on a new thread, or without one."""
        return f"/threads/{await self.thread()}/runs" if stateful else "/runs"

    async def start(self, place: str, *steps: list[Any], **options: Any) -> str:
        """Start a run in the background; its path."""
        answer = await self.ask("POST", place, {"input": self.script(*steps), **options})
        assert answer.status_code == 200, answer.text
        return f"{place}/{answer.json()['run_id']}"

    def script(self, *steps: list[Any]) -> Any:
        """The input that has these steps taken, in the version's words."""
        return {"steps": list(steps)} if self.version.objects_only else list(steps)

    async def status(self, run: str) -> str:
        """How the run at a path stands."""
        answer = await self.ask("GET", run)
        assert answer.status_code == 200, answer.text
        status: str = answer.json()["status"]
        return status

    async def output(self, run: str) -> Any:
        """What the run at a path came to."""
        answer = await self.ask("GET", f"{run}/wait")
        assert answer.status_code == 200, answer.text
        return answer.json()["output"]

    def open(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        mount: str | None = None,
    ) -> Streaming:
        """A request whose answer is read chunk by chunk."""
        return Streaming(self.app, method, self._at(mount) + path, body, headers or {})

    def _at(self, mount: str | None) -> str:
        return self.version.mount if mount is None else mount

    async def stream(
        self, method: str, path: str, body: Any = None, mount: str | None = None
    ) -> list["Frame"]:
        """A whole stream."""
        answer = await self.ask(method, path, body, mount=mount)
        assert answer.status_code == 200, answer.text
        return frames(answer.content)


EITHER = pytest.mark.parametrize("acp", VERSIONS, indirect=True, ids=lambda each: each.name)
"""For tests that a client of each version passes."""

Frame = tuple[int, Any]


def frames(stream: bytes) -> list[Frame]:
    """The events of a stream: id and data. Lines end with one newline, events with two."""
    found: list[Frame] = []
    for block in stream.decode().split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if lines:
            fields = dict(line.split(": ", 1) for line in lines)
            assert set(fields) == {"id", "event", "data"}
            assert fields["event"] == "agent_event"
            found.append((int(fields["id"]), orjson.loads(fields["data"])))
    return found


def told(stream: list[Frame]) -> list[tuple[str, str, Any]]:
    """Of each event: type, status and what it carries."""
    keys = {"values": "values", "custom": "update", "interrupt": "interrupt", "error": "errcode"}
    return [(data["type"], data["status"], data[keys[data["type"]]]) for _, data in stream]


@asynccontextmanager
async def open_acp(
    graph: Graph | Factory | None = None,
    *,
    manifest: Any = None,
    clock: FakeClock | None = None,
    callbacks: Callbacks | None = None,
    version: Version = NEWEST,
) -> AsyncIterator[Acp]:
    """A client of an engine at work, with a graph or, by default, a scripted agent."""
    database = Database(None)
    storage = SqliteStorage(database)
    agent: Agent = ScriptedAgent()
    if graph is not None:
        serde = StrictSerializer()
        store = ItemStore(Items(storage, SystemClock()))
        agent = LangGraphAgent("graph", graph, SqliteCheckpoints(database), serde, store=store)
    manifests = {} if manifest is None else {agent.name: parse_manifest(manifest)}
    contracts = Contracts(lambda assistant: agent.schemas(assistant.config), manifests)
    try:
        async with running(
            storage,
            {agent.name: agent},
            clock or FakeClock(),
            Limits(drain_s=0.05, grace_s=0.05),
            worker_name="test",
            system_metadata={"created_by": "system"},
            callbacks=callbacks,
            reviews={"acp": contracts.review},
        ) as engine:
            acp = Acp(engine, contracts, agent, version)
            async with acp.client:
                yield acp
    finally:
        database.close()
