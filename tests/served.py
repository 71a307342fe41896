"""One LangGraph graph, served by an engine at work."""

import asyncio
import operator
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

from demotic.agents.langgraph.adapter import LangGraphAgent
from demotic.agents.langgraph.factories import Factory, Graph
from demotic.agents.langgraph.serde import StrictSerializer
from demotic.agents.langgraph.store import ItemStore
from demotic.domain.events import Ended, Event
from demotic.domain.ids import system_assistant_id, uuid7
from demotic.domain.items import ItemRules
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import NewRun, Outcome, RunRequest
from demotic.domain.threads import NewThread
from demotic.engine.core import Engine, Limits, running
from demotic.engine.items import Items
from demotic.engine.runs import Started
from demotic.ports.clock import SystemClock
from demotic.ports.items import Embedder
from demotic.storage.sqlite.checkpoints import SqliteCheckpoints
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage


class State(TypedDict, total=False):
    """A log that grows."""

    log: Annotated[list[str], operator.add]


@dataclass
class Served:
    """One graph, served."""

    engine: Engine
    name: str = "graph"

    async def thread(self) -> str:
        """A new thread's id."""
        new = NewThread(id=self.engine.runs.new_id())
        return (await self.engine.threads.create(new, EVERYTHING)).id

    async def start(self, thread_id: str | None, **request: Any) -> Started:
        """Start a run."""
        new = NewRun(
            id=uuid7(1),
            thread_id=thread_id,
            assistant_id=system_assistant_id(self.name),
            request=RunRequest(**request),
        )
        return await self.engine.runs.start(new, EVERYTHING)

    async def events(self, thread_id: str | None, **request: Any) -> tuple[list[Event], Outcome]:
        """Run to the end; every event but the first and last, and the outcome."""
        started = await self.start(thread_id, **request)
        events: list[Event] = []
        while True:
            got = await started.following.next(10)
            assert got is not None, "the run did not go on within 10 s"
            if isinstance(got, Ended):
                assert got.outcome is not None
                return events[1:-1], got.outcome
            events += got

    async def wait(self, thread_id: str | None, **request: Any) -> Outcome:
        """Run to the end."""
        started = await self.start(thread_id, **request)
        ended = await asyncio.wait_for(started.following.ended(), 10)
        return await self.engine.runs.outcome(started.run, ended)

    async def values(self, thread_id: str) -> Any:
        """The thread's values."""
        return orjson.loads((await self.engine.states.get(thread_id, EVERYTHING)).values)


@asynccontextmanager
async def served(
    graph: Graph | Factory,
    database: Database | None = None,
    rules: ItemRules | None = None,
    embedder: Embedder | None = None,
) -> AsyncIterator[Served]:
    """An engine that serves one graph."""
    own = database or Database(None, vectors=embedder is not None)
    storage, clock = SqliteStorage(own), SystemClock()
    items = Items(storage, clock, rules, embedder)
    store = ItemStore(items)
    agent = LangGraphAgent("graph", graph, SqliteCheckpoints(own), StrictSerializer(), store=store)
    try:
        async with running(
            storage,
            {"graph": agent},
            clock,
            Limits(drain_s=5, grace_s=0.1),
            worker_name="test",
            system_metadata={},
            items=items,
        ) as engine:
            yield Served(engine)
    finally:
        if database is None:
            own.close()


def chain(*nodes: Any) -> Graph:
    """A graph of nodes one after the other."""
    graph = StateGraph(State)
    names = [node.__name__ for node in nodes]
    for name, node in zip(names, nodes, strict=True):
        graph.add_node(name, node)
    for source, target in zip([START, *names], names, strict=False):
        graph.add_edge(source, target)
    return graph.compile()


async def a(state: State) -> State:
    return {"log": ["a"]}


def b(state: State) -> State:
    return {"log": ["b"]}


def decoded(events: list[Event]) -> list[tuple[str, Any]]:
    """(kind, data) of events."""
    return [(e.kind, orjson.loads(e.data)) for e in events]
