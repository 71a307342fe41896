"""Janitors, each named for its duty; they repair what a crash or a lost signal left behind."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from demotic.domain.lifecycle import LEG_ENDS
from demotic.engine.deliveries import Deliveries
from demotic.engine.follow import Hub
from demotic.engine.items import Items
from demotic.engine.schedules import Schedules
from demotic.engine.upkeep import Upkeep
from demotic.engine.worker import Worker
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage

log = structlog.get_logger("demotic.janitors")

RESCUE_EVERY_S = 10.0
RECHECK_EVERY_S = 1.0
TRIM_EVERY_S = 60.0
TRY_AGAIN_S = 1.0


class Janitors:
    """The duties of one process. `retention_s`: how long the feed of a thread is kept;
    `sweep_s`: how often threads whose lifetime is over are swept, at most `sweep_limit` of them.
    """

    def __init__(
        self,
        storage: Storage,
        worker: Worker,
        hub: Hub,
        clock: Clock,
        items: Items,
        deliveries: Deliveries,
        schedules: Schedules,
        upkeep: Upkeep,
        *,
        retention_s: float,
        sweep_s: float,
        sweep_limit: int,
    ) -> None:
        self._storage, self._worker, self._hub, self._clock = storage, worker, hub, clock
        self._items, self._deliveries, self._schedules = items, deliveries, schedules
        self._upkeep = upkeep
        self._retention_us = int(retention_s * 1e6)
        self._sweep_s, self._sweep_limit = sweep_s, sweep_limit

    async def rescue_all(self) -> int:
        """Take back every run that another process left running; how many there were.

        Only for storage that one process owns, at its start.
        """
        return await self._rescue(self._worker.claimer.worker)

    async def work(self) -> None:
        """Do every duty at its time, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._every(RESCUE_EVERY_S, self.rescue_expired_leases))
            group.create_task(self._every(RECHECK_EVERY_S, self.recheck_followers))
            group.create_task(self._every(TRIM_EVERY_S, self.trim_feed))
            group.create_task(self._every(self._items.rules.sweep_s, self.sweep_expired_items))
            group.create_task(self._every(TRIM_EVERY_S, self.trim_deliveries))
            if self._schedules.are_on:
                group.create_task(self.fire_due_schedules())
            group.create_task(self._every(self._sweep_s, self.sweep_expired_threads))

    async def rescue_expired_leases(self) -> None:
        """Give runs of dead workers back to the queue."""
        await self._rescue(None)

    async def recheck_followers(self) -> None:
        """Let followers of runs that are not at work here look at the stored state again."""
        for following in self._hub.waiting():
            following.recheck()

    async def trim_feed(self) -> None:
        """Drop what the retention time is over for."""
        before_us = self._clock.now_us() - self._retention_us
        now_us = self._clock.now_us()
        while await self._storage.trim_feed(before_us=before_us, now_us=now_us):
            pass  # a bounded part at a time, so that others get their turn

    async def sweep_expired_items(self) -> None:
        """Delete items whose time is over."""
        await self._items.sweep()

    async def trim_deliveries(self) -> None:
        """Drop from the log of callbacks what it has kept for long enough."""
        await self._deliveries.trim()

    async def fire_due_schedules(self) -> None:
        """Start the runs that are due, at their instants, until cancelled."""
        while True:
            try:
                await self._schedules.fire_due()
                await self._schedules.rest()
            except Exception:
                log.exception("janitor failed", duty="fire_due_schedules")
                await asyncio.sleep(TRY_AGAIN_S)

    async def sweep_expired_threads(self) -> None:
        """Prune the threads whose lifetime is over."""
        if swept := await self._upkeep.sweep(self._sweep_limit):
            log.info("threads swept", count=swept)

    async def _rescue(self, worker: str | None) -> int:
        runs = await self._storage.rescue_runs(now_us=self._clock.now_us(), worker=worker)
        for run in runs:
            log.warning("run rescued", run=run.id, state=run.state.value, losses=run.attempt)
            if run.state in LEG_ENDS:
                await self._hub.end_alone(run)
        if runs:
            self._worker.wake()
        return len(runs)

    async def _every(self, seconds: float, duty: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await duty()
            except Exception:
                log.exception("janitor failed", duty=getattr(duty, "__name__", ""))
