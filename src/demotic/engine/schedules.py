"""Schedules: what callers do with them, and the start of the runs that are due."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from demotic.domain.errors import Conflict, DemoticError, SchedulesOff
from demotic.domain.model import EVERYTHING, Page, Scope
from demotic.domain.schedules import (
    Firing,
    NewSchedule,
    Schedule,
    ScheduleChange,
    ScheduleQuery,
)
from demotic.engine.runs import Runs
from demotic.engine.worker import Worker
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage

log = structlog.get_logger("demotic.schedules")

AT_A_TIME = 100  # schedules that are fired together
CHANGE_TRIES = 10


class Schedules:
    """Runs that start by the clock.

    `are_on`: this process starts them; else none is taken. `look_s` is how long the clock is
    trusted: after so many seconds what is due is looked for again, even when nothing should be.
    """

    def __init__(
        self,
        storage: Storage,
        runs: Runs,
        worker: Worker,
        clock: Clock,
        *,
        are_on: bool,
        look_s: float,
    ) -> None:
        self._storage, self._runs, self._worker, self._clock = storage, runs, worker, clock
        self.are_on, self._look_us = are_on, int(look_s * 1e6)
        self._changed = asyncio.Event()

    def new_id(self) -> str:
        """An id for a schedule."""
        return self._runs.new_id()

    async def create(
        self, new: NewSchedule, scope: Scope, assistant_scope: Scope = EVERYTHING
    ) -> Schedule:
        """Make a schedule. Raises `AssistantNotFound`, `AgentNotFound`, `ThreadNotFound`,
        `SchedulesOff`, `CallbackRefused`."""
        self._check_on()
        self._runs.check(new.run)
        now_us = self._clock.now_us()
        made = await self._storage.create_schedule(
            new,
            new.timing.after(now_us),
            scope=scope,
            assistant_scope=assistant_scope,
            claimer=self._worker.claimer,
            now_us=now_us,
        )
        self._changed.set()
        return made

    async def get(self, schedule_id: str, scope: Scope) -> Schedule:
        """Raises `ScheduleNotFound`."""
        return await self._storage.get_schedule(schedule_id, scope=scope)

    async def search(self, query: ScheduleQuery, scope: Scope) -> Page:
        """A page of schedules."""
        return await self._storage.search_schedules(query, scope=scope)

    async def change(
        self, schedule_id: str, edited: Callable[[Schedule], NewSchedule], scope: Scope
    ) -> Schedule:
        """Give a schedule the settings that `edited` makes of those it has.

        It is asked again when somebody else has changed them meanwhile. A schedule with another
        timing, or one that is enabled again, is due next from now on: what it missed is gone.
        Raises `ScheduleNotFound`, `CallbackRefused`, `SchedulesOff` for one that is to be enabled.
        """
        for _ in range(CHANGE_TRIES):
            old = await self._storage.get_schedule(schedule_id, scope=scope)
            change = self._change(old, edited(old))
            now_us = max(self._clock.now_us(), old.updated_us + 1)
            changed = await self._storage.change_schedule(change, scope=scope, now_us=now_us)
            if changed is not None:
                self._changed.set()
                return changed
        raise Conflict(f"Schedule {schedule_id} is being changed by others. Try again.")

    def _change(self, old: Schedule, new: NewSchedule) -> ScheduleChange:
        if new.enabled and not old.enabled:
            self._check_on()
        if new.run.callback != old.run.callback:
            self._runs.check(new.run)
        retimed = new.timing != old.timing or (new.enabled and not old.enabled)
        next_us = new.timing.after(self._clock.now_us()) if retimed else None
        return ScheduleChange(new=new, seen_us=old.updated_us, retimed=retimed, next_us=next_us)

    async def delete(self, schedule_id: str, scope: Scope) -> None:
        """Delete a schedule; a run that it has started goes on. Raises `ScheduleNotFound`."""
        await self._storage.delete_schedule(schedule_id, scope=scope)

    async def fire_due(self) -> int:
        """Start a run of every schedule that is due; how many schedules that were.

        One that missed several instants starts one run. Raises what has kept some from being
        fired, after all others were.
        """
        self._changed.clear()
        count = 0
        while due := await self._due():
            done = await asyncio.gather(*map(self._fire, due), return_exceptions=True)
            if failed := [each for each in done if isinstance(each, Exception)]:
                raise ExceptionGroup(f"{len(failed)} schedules could not be fired", failed)
            count += len(due)
        return count

    async def _due(self) -> Sequence[Schedule]:
        now_us = self._clock.now_us()
        return await self._storage.due_schedules(now_us=now_us, limit=AT_A_TIME)

    async def rest(self) -> None:
        """Wait until a schedule is due, has been made or changed, or it is time to look again."""
        until_us = self._clock.now_us() + self._look_us
        if (due_us := await self._storage.next_due()) is not None:
            until_us = min(until_us, due_us)
        waits = [
            asyncio.ensure_future(self._clock.sleep_until(until_us)),
            asyncio.ensure_future(self._changed.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _fire(self, schedule: Schedule) -> None:
        """Start the run of a schedule that is due; a refused one is told and left out."""
        now_us = self._clock.now_us()
        run = self._runs.with_lifetime(replace(schedule.run, id=self._runs.new_id()))
        firing = Firing(schedule=schedule, run=run, next_us=schedule.timing.after(now_us))
        fired = await self._runs.fire(firing)
        if fired is not None and fired.refusal is not None:
            _tell(schedule, fired.refusal)

    def _check_on(self) -> None:
        if not self.are_on:
            raise SchedulesOff


def _tell(schedule: Schedule, refusal: DemoticError) -> None:
    log.warning(
        "scheduled run refused",
        schedule=schedule.id,
        error=type(refusal).__name__,
        message=refusal.message,
    )
