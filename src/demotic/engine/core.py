"""The engine as one object: what dialects are given."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from demotic.domain.threads import Lifetime
from demotic.engine.assistants import Assistants
from demotic.engine.batches import Batches
from demotic.engine.deliveries import Callbacks, Deliveries
from demotic.engine.descriptions import Descriptions
from demotic.engine.figures import Figures
from demotic.engine.follow import Hub
from demotic.engine.heartbeat import Heartbeat
from demotic.engine.holdings import Holdings
from demotic.engine.items import Items
from demotic.engine.janitors import Janitors
from demotic.engine.runs import Runs
from demotic.engine.schedules import Schedules
from demotic.engine.states import States
from demotic.engine.threads import Threads
from demotic.engine.upkeep import Upkeep
from demotic.engine.worker import Reviews, Worker
from demotic.ports.agent import Agent
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much the engine does at a time, and for how long it waits and keeps.

    `schedules`: whether their runs are started, `look_s`: how often due ones are looked for at
    least.
    `lifetime` is that of new threads that say nothing else; every `sweep_s` seconds threads
    whose lifetime is over are swept, `sweep_limit` of them at most.
    More than `stuck` tasks and threads of agents that do not stop (0: no limit), or an event loop
    blocked for `blocked_s` seconds, and the process should start again.
    """

    slots: int = 100
    lease_s: float = 30.0
    grace_s: float = 5.0
    run_s: float = 86_400.0
    drain_s: float = 180.0
    retention_s: float = 24 * 3600.0
    schedules: bool = True
    look_s: float = 5.0
    lifetime: Lifetime | None = None
    sweep_s: float = 300.0
    sweep_limit: int = 1000
    stuck: int = 0
    blocked_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Engine:
    """Everything a dialect may ask for."""

    assistants: Assistants
    threads: Threads
    runs: Runs
    states: States
    upkeep: Upkeep
    descriptions: Descriptions
    items: Items
    storage: Storage
    worker: Worker
    hub: Hub
    drain_s: float
    deliveries: Deliveries
    schedules: Schedules
    batches: Batches
    figures: Figures

    async def stop(self) -> None:
        """Take no more runs, let those at work stop at a safe point, send followers away."""
        await self.worker.stop(drain_s=self.drain_s)
        self.hub.hang_up()
        await self.deliveries.stop()


@dataclass(frozen=True, slots=True)
class _Wired:
    """An engine that does not work yet, and what works behind it."""

    engine: Engine
    janitors: Janitors
    heartbeat: Heartbeat


@asynccontextmanager
async def running(
    storage: Storage,
    agents: Mapping[str, Agent],
    clock: Clock,
    limits: Limits,
    *,
    worker_name: str,
    system_metadata: Mapping[str, str],
    items: Items | None = None,
    callbacks: Callbacks | None = None,
    reviews: Reviews | None = None,
    on_stuck: Callable[[], None] = lambda: None,
    on_blocked: Callable[[], None] = lambda: None,
) -> AsyncIterator[Engine]:
    """An engine at work: it takes back what an earlier process left, serves until the block
    ends, then drains. For storage that this process alone owns. `items` is the memory that the
    agents were given, if they were given any. `callbacks` None: none are made, and runs that ask
    for one are refused.

    `on_stuck` is called once when too much code of agents does not stop; `on_blocked` from
    another thread, while the event loop is blocked for too long.
    """
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
        reviews=reviews,
    )
    deliveries = Deliveries(storage, clock, callbacks, worker=worker_name)
    wired = _wired(
        storage,
        agents,
        clock,
        limits,
        hub=hub,
        worker=worker,
        deliveries=deliveries,
        items=items or Items(storage, clock),
        on_blocked=on_blocked,
    )
    engine = wired.engine
    await engine.items.open()
    await engine.assistants.ensure_system(system_metadata)
    await wired.janitors.rescue_all()
    await deliveries.rescue_all()
    wired.heartbeat.start()
    duties = (
        worker.serve(),
        wired.janitors.work(),
        deliveries.serve(),
        worker.leftovers.watch(limits.stuck, on_stuck),
    )
    tasks = [asyncio.create_task(duty) for duty in duties]
    try:
        yield engine
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await engine.stop()
        await wired.heartbeat.stop()


def _wired(
    storage: Storage,
    agents: Mapping[str, Agent],
    clock: Clock,
    limits: Limits,
    *,
    hub: Hub,
    worker: Worker,
    deliveries: Deliveries,
    items: Items,
    on_blocked: Callable[[], None],
) -> _Wired:
    """Every part, given what it needs of the others."""
    holdings, lifetime = Holdings(), limits.lifetime
    runs = Runs(storage, worker, hub, clock, deliveries, lifetime=lifetime)
    schedules = Schedules(
        storage, runs, worker, clock, are_on=limits.schedules, look_s=limits.look_s
    )
    upkeep = Upkeep(storage, agents, worker, hub, holdings, clock)
    janitors = Janitors(
        storage,
        worker,
        hub,
        clock,
        items,
        deliveries,
        schedules,
        upkeep,
        retention_s=limits.retention_s,
        sweep_s=limits.sweep_s,
        sweep_limit=limits.sweep_limit,
    )
    heartbeat = Heartbeat(
        storage, worker, holdings, clock, blocked_s=limits.blocked_s, on_blocked=on_blocked
    )
    engine = Engine(
        assistants=Assistants(storage, agents, worker, hub, clock),
        threads=Threads(storage, worker, hub, clock, lifetime=lifetime),
        runs=runs,
        states=States(storage, agents, worker, hub, holdings, clock, lifetime=lifetime),
        upkeep=upkeep,
        descriptions=Descriptions(storage, agents),
        items=items,
        storage=storage,
        worker=worker,
        hub=hub,
        drain_s=limits.drain_s,
        deliveries=deliveries,
        schedules=schedules,
        batches=Batches(storage, runs, worker, clock),
        figures=Figures(storage, worker, clock),
    )
    return _Wired(engine, janitors, heartbeat)
