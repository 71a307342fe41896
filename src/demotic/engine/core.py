"""The engine as one object: what dialects are given."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from demotic.engine.assistants import Assistants
from demotic.engine.descriptions import Descriptions
from demotic.engine.follow import Hub
from demotic.engine.heartbeat import Heartbeat
from demotic.engine.janitors import Janitors
from demotic.engine.runs import Runs
from demotic.engine.states import States
from demotic.engine.threads import Threads
from demotic.engine.worker import Worker
from demotic.ports.agent import Agent
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much the engine does at a time, and for how long it waits and keeps."""

    slots: int = 100
    lease_s: float = 30.0
    grace_s: float = 5.0
    run_s: float = 86_400.0
    drain_s: float = 180.0
    retention_s: float = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Engine:
    """Everything a dialect may ask for."""

    assistants: Assistants
    threads: Threads
    runs: Runs
    states: States
    descriptions: Descriptions
    storage: Storage
    worker: Worker
    hub: Hub
    drain_s: float

    async def stop(self) -> None:
        """Take no more runs, let those at work stop at a safe point, send followers away."""
        await self.worker.stop(drain_s=self.drain_s)
        self.hub.hang_up()


@asynccontextmanager
async def running(
    storage: Storage,
    agents: Mapping[str, Agent],
    clock: Clock,
    limits: Limits,
    *,
    worker_name: str,
    system_metadata: Mapping[str, str],
) -> AsyncIterator[Engine]:
    """An engine at work: it takes back what an earlier process left, serves until the block
    ends, then drains. For storage that this process alone owns."""
    hub = Hub(storage)
    worker = Worker(
        storage,
        agents,
        hub,
        clock,
        name=worker_name,
        slots=limits.slots,
        lease_s=limits.lease_s,
        grace_s=limits.grace_s,
        run_s=limits.run_s,
    )
    assistants = Assistants(storage, agents, worker, hub, clock)
    janitors = Janitors(storage, worker, hub, clock, retention_s=limits.retention_s)
    await assistants.ensure_system(system_metadata)
    await janitors.rescue_all()
    heartbeat = Heartbeat(storage, worker, clock)
    heartbeat.start()
    tasks = [asyncio.create_task(worker.serve()), asyncio.create_task(janitors.work())]
    engine = Engine(
        assistants,
        Threads(storage, worker, hub, clock),
        Runs(storage, worker, hub, clock),
        States(storage, agents, worker, hub, clock),
        Descriptions(storage, agents),
        storage,
        worker,
        hub,
        limits.drain_s,
    )
    try:
        yield engine
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await engine.stop()
        await heartbeat.stop()
