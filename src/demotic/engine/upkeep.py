"""Threads kept small: measured, pruned on request, swept when their time is over."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demotic.domain.errors import LeaseLost, ThreadBusy, ThreadNotFound
from demotic.domain.events import Ended
from demotic.domain.model import EVERYTHING, Scope, Size
from demotic.domain.runs import LeaseKey
from demotic.domain.threads import Pruning, ThreadSize
from demotic.engine.follow import Hub
from demotic.engine.holdings import Holdings
from demotic.engine.patience import patiently
from demotic.engine.worker import Worker
from demotic.ports.agent import Agent
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage

BATCH = 50  # threads that are looked for at a time

NO_AGENT = ""
"""Who holds a thread that is being pruned: no agent changes it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a thread takes up, and of it each part of the state: its versions and their bytes.

    Values that parts share count for each. `parts` is empty where the agent is not hosted.
    """

    size: ThreadSize
    parts: Mapping[str, Size]


class Upkeep:
    """What keeps threads small."""

    def __init__(
        self,
        storage: Storage,
        agents: Mapping[str, Agent],
        worker: Worker,
        hub: Hub,
        holdings: Holdings,
        clock: Clock,
    ) -> None:
        self._storage, self._agents, self._clock = storage, agents, clock
        self._worker, self._hub, self._holdings = worker, hub, holdings

    async def measure(self, thread_id: str, scope: Scope) -> Measured:
        """What a thread takes up in the storage. Raises `ThreadNotFound`."""
        size = await self._storage.measure_thread(thread_id, scope=scope)
        thread = await self._storage.get_thread(thread_id, scope=scope)
        agent = self._agents.get(thread.agent or NO_AGENT)
        return Measured(size, {} if agent is None else await agent.sizes(thread))

    async def prune(self, thread_ids: Sequence[str], pruning: Pruning, scope: Scope) -> int:
        """Prune threads one after the other; how many there were.

        One that is not there is left out, and so is one that is busy: it has a run that is
        queued or running, or its state is being changed.
        """
        pruned = 0
        for thread_id in dict.fromkeys(thread_ids):
            pruned += await self._prune(thread_id, pruning, scope, expired=False)
        return pruned

    async def sweep(self, limit: int) -> int:
        """Prune threads whose lifetime is over, `limit` of them at most; how many there were."""
        swept = 0
        while swept < limit:
            wanted = min(BATCH, limit - swept)
            now_us = self._clock.now_us()
            found = await self._storage.expired_threads(now_us=now_us, limit=wanted)
            done = 0
            for each in found:
                done += await self._prune(each.thread_id, each.pruning, EVERYTHING, expired=True)
            swept += done
            if not done:
                break
        return swept

    async def _prune(
        self, thread_id: str, pruning: Pruning, scope: Scope, *, expired: bool
    ) -> bool:
        """Prune a thread; false where it is not there, or busy (`expired`: or its time is not
        over after all)."""
        prune = self._delete if pruning is Pruning.DELETE else self._keep_latest
        try:
            # A caller that goes away must not leave a thread behind that nobody gives back.
            await asyncio.shield(prune(thread_id, scope, expired))
        except (ThreadNotFound, ThreadBusy, LeaseLost):
            return False
        return True

    async def _delete(self, thread_id: str, scope: Scope, expired: bool) -> None:
        unfinished = await self._storage.delete_idle_thread(
            thread_id, scope=scope, now_us=self._clock.now_us(), expired=expired
        )
        for run_id in unfinished:
            self._hub.end(thread_id, Ended(run_id, None))

    async def _keep_latest(self, thread_id: str, scope: Scope, expired: bool) -> None:
        key = await self._storage.begin_write(
            thread_id,
            NO_AGENT,
            scope=scope,
            claimer=self._worker.claimer,
            now_us=self._clock.now_us(),
        )
        with self._holdings.holding(key):
            try:
                now_us = self._clock.now_us()
                await self._storage.prune_state(key, now_us=now_us, expired=expired)
            finally:
                with contextlib.suppress(LeaseLost):
                    await self._give_back(key)

    async def _give_back(self, key: LeaseKey) -> None:
        now_us = self._clock.now_us()
        if await patiently(lambda: self._storage.end_write(key, None, now_us=now_us)):
            self._worker.wake()
