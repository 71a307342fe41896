"""Runs in numbers: several that start together, and many that are cancelled."""

import asyncio
from collections.abc import Iterable, Sequence

from demotic.domain.errors import Conflict, DemoticError, NotFound
from demotic.domain.lifecycle import RunState
from demotic.domain.model import EVERYTHING, Scope
from demotic.domain.runs import CancelAction, NewRun, Run, Unfinished
from demotic.engine.runs import Runs
from demotic.engine.worker import Worker
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage

AT_A_TIME = 200  # runs that are cancelled together


class Batches:
    """What callers do with several runs at once."""

    def __init__(self, storage: Storage, runs: Runs, worker: Worker, clock: Clock) -> None:
        self._storage, self._runs, self._worker, self._clock = storage, runs, worker, clock

    async def start(
        self, new: Sequence[NewRun], scope: Scope, assistant_scope: Scope = EVERYTHING
    ) -> Sequence[Run]:
        """Admit runs, all or none; those for which a slot is free begin at once.

        Raises what `Runs.start` raises; the error's `index` tells which run it is about.
        """
        for index, each in enumerate(new):
            self._check(index, each)
        new = [self._runs.with_lifetime(each) for each in new]
        # A caller that goes away must not leave behind claimed runs that nobody works on.
        return await asyncio.shield(self._start(new, scope, assistant_scope))

    def _check(self, index: int, new: NewRun) -> None:
        try:
            self._runs.check(new)
        except DemoticError as error:
            error.index = index
            raise

    async def _start(
        self, new: Sequence[NewRun], scope: Scope, assistant_scope: Scope
    ) -> Sequence[Run]:
        slots, now_us = 0, self._clock.now_us()
        while slots < len(new) and self._worker.reserve() is not None:
            slots += 1
        try:
            admitted = await self._storage.admit_runs(
                new,
                scope=scope,
                assistant_scope=assistant_scope,
                now_us=now_us,
                claimer=self._worker.claimer,
                claims=slots,
            )
            for each in admitted:
                self._runs.begin(each)
        finally:
            for _ in range(slots):
                self._worker.unreserve()
        self._wake_later(new, now_us)
        return [each.run for each in admitted]

    def _wake_later(self, new: Iterable[NewRun], now_us: int) -> None:
        """Look for the delayed runs when they are ready."""
        for delay_s in {each.delay_s for each in new if each.delay_s > 0}:
            self._worker.wake_at(now_us + int(delay_s * 1e6))

    async def cancel_all(
        self, states: Sequence[RunState], action: CancelAction, scope: Scope
    ) -> int:
        """Cancel every run that is queued or running, as `states` says, the latest first, so that
        none begins because one in front of it has ended; how many there were."""
        count, before = 0, None
        while found := await self._storage.unfinished_runs(
            states, before=before, limit=AT_A_TIME, scope=scope
        ):
            count += await self._cancel(found, action, scope)
            before = found[-1].position
        return count

    async def cancel_some(
        self, thread_id: str, run_ids: Sequence[str], action: CancelAction, scope: Scope
    ) -> int:
        """Cancel runs of a thread; how many of them had not ended."""
        found = [Unfinished(thread_id, run_id) for run_id in dict.fromkeys(run_ids)]
        parts = [found[i : i + AT_A_TIME] for i in range(0, len(found), AT_A_TIME)]
        return sum([await self._cancel(part, action, scope) for part in parts])

    async def _cancel(self, found: Sequence[Unfinished], action: CancelAction, scope: Scope) -> int:
        return sum(await asyncio.gather(*[self._cancel_one(each, action, scope) for each in found]))

    async def _cancel_one(self, run: Unfinished, action: CancelAction, scope: Scope) -> bool:
        """Cancel a run; false where it has ended meanwhile, or is not there."""
        try:
            await self._runs.cancel(run.thread_id, run.run_id, action, scope, wait=False)
        except (Conflict, NotFound):
            return False
        return True
