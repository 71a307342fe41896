"""Durable schedules. Every method is one atomic operation; see `ports.storage` for what holds of
all of them."""

from collections.abc import Sequence
from typing import Protocol

from demotic.domain.model import Page, Scope
from demotic.domain.runs import Claimer
from demotic.domain.schedules import (
    Fired,
    Firing,
    NewSchedule,
    Schedule,
    ScheduleChange,
    ScheduleQuery,
)


class ScheduleStorage(Protocol):
    """Schedules. They end with their thread and with their assistant."""

    async def create_schedule(
        self,
        new: NewSchedule,
        next_us: int | None,
        *,
        scope: Scope,
        assistant_scope: Scope,
        claimer: Claimer,
        now_us: int,
    ) -> Schedule:
        """Store a schedule that is due next at `next_us`; what the scope filters by becomes
        metadata, and its runs start in that scope. A missing thread is made where its runs may
        make it.

        Raises `AssistantNotFound`, `ThreadNotFound`, and `AgentNotFound` when the claimer does
        not host the assistant's agent.
        """
        ...

    async def get_schedule(self, schedule_id: str, *, scope: Scope) -> Schedule:
        """Raises `ScheduleNotFound`."""
        ...

    async def search_schedules(self, query: ScheduleQuery, *, scope: Scope) -> Page:
        """A page of `Schedule`; a `limit` of 0 only counts."""
        ...

    async def change_schedule(
        self, change: ScheduleChange, *, scope: Scope, now_us: int
    ) -> Schedule | None:
        """Give a schedule other settings; None, and nothing done, when they are no longer those
        that were seen. What the scope filters by stays.

        Raises `ScheduleNotFound`.
        """
        ...

    async def delete_schedule(self, schedule_id: str, *, scope: Scope) -> None:
        """Raises `ScheduleNotFound`."""
        ...

    async def due_schedules(self, *, now_us: int, limit: int) -> Sequence[Schedule]:
        """Enabled schedules that are due, those that have been so for longest first."""
        ...

    async def next_due(self) -> int | None:
        """When the next enabled schedule is due (microseconds since 1970), or has been."""
        ...

    async def fire_schedule(
        self, firing: Firing, *, now_us: int, claimer: Claimer, claim: bool
    ) -> Fired | None:
        """Start the run that is due, as `admit_run` does, in the schedule's scope, and set when
        the schedule is due next: both or neither.

        None, and nothing done, when the schedule is no longer as it was seen: then another has
        fired it, or it was changed. Where the run is refused, the schedule goes on without it.
        """
        ...
