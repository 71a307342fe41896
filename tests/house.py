"""An engine at work on a real database in memory, with a scripted agent."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from demotic.domain.ids import system_assistant_id, uuid7
from demotic.domain.model import EVERYTHING, Json
from demotic.domain.runs import BusyPolicy, NewRun, RunRequest
from demotic.domain.threads import NewThread
from demotic.engine.core import Engine, Limits, running
from demotic.engine.deliveries import Callbacks
from demotic.engine.items import Items
from demotic.engine.runs import Started
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.testing.agent import ScriptedAgent
from demotic.testing.clock import FakeClock


@dataclass
class House:
    """An engine with a scripted agent."""

    engine: Engine
    agent: ScriptedAgent
    clock: FakeClock
    storage: SqliteStorage

    async def thread(self) -> str:
        """A new thread's id."""
        new = NewThread(id=uuid7(self.clock.now_us()))
        return (await self.engine.threads.create(new, EVERYTHING)).id

    async def start(
        self,
        thread_id: str | None,
        *steps: list[Json],
        modes: tuple[str, ...] = ("custom",),
        policy: BusyPolicy = BusyPolicy.ENQUEUE,
    ) -> Started:
        """Start a run that takes the given steps."""
        new = NewRun(
            id=uuid7(self.clock.now_us()),
            thread_id=thread_id,
            assistant_id=system_assistant_id(self.agent.name),
            request=RunRequest(input=list(steps), modes=modes),
            busy_policy=policy,
        )
        return await self.engine.runs.start(new, EVERYTHING)


@asynccontextmanager
async def open_house(
    database: Database | None = None,
    limits: Limits | None = None,
    clock: FakeClock | None = None,
    items: Items | None = None,
    callbacks: Callbacks | None = None,
    on_stuck: Callable[[], None] = lambda: None,
    agent: ScriptedAgent | None = None,
) -> AsyncIterator[House]:
    """An engine at work, closed at the end; a database that was given stays open."""
    own = database or Database(None)
    storage, clock = SqliteStorage(own), clock or FakeClock()
    agent = agent or ScriptedAgent()
    limits = limits or Limits(drain_s=0.05, grace_s=0.05)
    try:
        async with running(
            storage,
            {agent.name: agent},
            clock,
            limits,
            worker_name=f"worker-{id(agent)}",
            system_metadata={"created_by": "system"},
            items=items,
            callbacks=callbacks,
            on_stuck=on_stuck,
        ) as engine:
            yield House(engine, agent, clock, storage)
    finally:
        if database is None:
            own.close()
