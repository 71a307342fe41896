"""Threads: creating, finding and deleting them."""

from collections.abc import Mapping
from dataclasses import replace

from demotic.domain.errors import ThreadExists, ThreadNotFound
from demotic.domain.events import Ended, FeedSpan
from demotic.domain.model import Json, Page, Scope
from demotic.domain.threads import Lifetime, NewThread, Thread, ThreadQuery
from demotic.engine.follow import Hub
from demotic.engine.follow_thread import ThreadFollowing
from demotic.engine.worker import Worker
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage

RECENT_S = 120.0  # runs that ended no longer ago are recent


class Threads:
    """What callers do with threads."""

    def __init__(
        self,
        storage: Storage,
        worker: Worker,
        hub: Hub,
        clock: Clock,
        *,
        lifetime: Lifetime | None,
    ) -> None:
        self._storage, self._worker, self._hub, self._clock = storage, worker, hub, clock
        self._lifetime = lifetime

    @property
    def lifetime(self) -> Lifetime | None:
        """That of new threads that say nothing else."""
        return self._lifetime

    async def create(self, new: NewThread, scope: Scope, *, or_existing: bool = False) -> Thread:
        """Create a thread. `or_existing`: return the one that is there, not `ThreadExists`."""
        new = replace(new, lifetime=new.lifetime or self._lifetime)
        try:
            return await self._storage.create_thread(new, scope=scope, now_us=self._clock.now_us())
        except ThreadExists:
            if not or_existing:
                raise
            return await self._storage.get_thread(new.id, scope=scope)

    async def get(self, thread_id: str, scope: Scope) -> Thread:
        """Raises `ThreadNotFound`."""
        return await self._storage.get_thread(thread_id, scope=scope)

    async def search(self, query: ThreadQuery, scope: Scope) -> Page:
        """A page of threads."""
        return await self._storage.search_threads(query, scope=scope)

    async def change(
        self,
        thread_id: str,
        metadata: Mapping[str, Json],
        scope: Scope,
        *,
        lifetime: Lifetime | None = None,
    ) -> Thread:
        """Merge metadata into a thread's, busy or not, and begin a lifetime where one is given.

        Raises `ThreadNotFound`.
        """
        return await self._storage.change_thread(
            thread_id, metadata, scope=scope, now_us=self._clock.now_us(), lifetime=lifetime
        )

    async def copy(self, source_id: str, target_id: str, scope: Scope) -> Thread:
        """A new thread with the same past. Raises `ThreadNotFound`."""
        return await self._storage.copy_thread(
            source_id, target_id, scope=scope, now_us=self._clock.now_us()
        )

    async def follow(
        self, thread_id: str, scope: Scope, *, after: int | None, or_awaited: bool = False
    ) -> ThreadFollowing:
        """Read the events of all the thread's runs from a position on; None: only those that are
        still to come.

        `or_awaited`: a thread that is not there may come to be. Raises `ThreadNotFound`.
        """
        is_there = True
        try:
            await self._storage.get_thread(thread_id, scope=scope)
        except ThreadNotFound:
            if not or_awaited:
                raise
            is_there = False
        behind = after is not None or not is_there  # what a thread begins with is still to come
        if after is None:
            # A reader that goes back to the log later must not show what was before it came.
            after = (await self.span(thread_id)).last if is_there else -1
        return self._hub.follow_thread(
            thread_id, after=after, behind=behind, scope=scope, is_there=is_there
        )

    async def span(self, thread_id: str) -> FeedSpan:
        """How far the thread's feed reaches by now, and where what is recent begins: runs that
        are unfinished or ended within the last two minutes."""
        unwritten = self._hub.unwritten(thread_id)
        ended_us = self._clock.now_us() - int(RECENT_S * 1e6)
        span = await self._storage.feed_span(thread_id, ended_us=ended_us)
        return span._replace(last=unwritten[-1].seq) if unwritten else span

    async def delete(self, thread_id: str, scope: Scope, *, only_idle: bool = False) -> None:
        """Delete a thread and everything it owns; runs in progress end.

        Their followers get `RunNotFound`. Raises `ThreadNotFound`, and with `only_idle`
        `ThreadBusy` while a run is in progress.
        """
        unfinished = await self._storage.delete_thread(
            thread_id, only_idle=only_idle, scope=scope, now_us=self._clock.now_us()
        )
        for run_id in unfinished:
            self._worker.lose(run_id)
            self._hub.end(thread_id, Ended(run_id, None))
        self._hub.vanish(thread_id)
