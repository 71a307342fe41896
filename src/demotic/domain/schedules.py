"""Schedules: runs that start by the clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from demotic.domain.errors import DemoticError
from demotic.domain.instants import next_instant
from demotic.domain.model import Json, Scope
from demotic.domain.runs import Admission, NewRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a schedule is due: the times of a cron expression, as a clock in `zone` shows them (a
    name of the IANA database; None: UTC), up to `end_us`. See `domain.instants`."""

    expression: str
    zone: str | None = None
    end_us: int | None = None

    def after(self, now_us: int) -> int | None:
        """The first instant after `now_us`; None when there is none any more."""
        found = next_instant(self.expression, self.zone, now_us)
        is_over = found is not None and self.end_us is not None and found > self.end_us
        return None if is_over else found


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSchedule:
    """Runs to start by the clock.

    `run` is what each of them is asked for; its id is chosen when it starts. With a thread it
    runs there, else on one of its own. `reply_format` belongs to the dialect that made the
    schedule: the engine keeps it and never looks.
    """

    id: str
    timing: Timing
    run: NewRun
    enabled: bool = True
    metadata: Mapping[str, Json] = field(default_factory=dict)
    reply_format: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(NewSchedule):
    """Runs that start by the clock, on behalf of who made the schedule (`scope`).

    `next_us` is when it is due next; None: never again. `updated_us` tells one state of its
    settings from another: it does not change when a run starts.
    """

    scope: Scope
    next_us: int | None
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleChange:
    """The settings that a schedule, as it was at `seen_us`, is to have.

    With `retimed` it is due next at `next_us`; without, when it was due before.
    """

    new: NewSchedule
    seen_us: int
    retimed: bool
    next_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleQuery:
    """Which schedules to list. `metadata` must be contained in the schedule's."""

    assistant_id: str | None = None
    thread_id: str | None = None
    enabled: bool | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    limit: int = 10
    offset: int = 0
    sort_by: str = "created"
    descending: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """A run that is due, of a schedule as it was seen, and when the schedule is due next."""

    schedule: Schedule
    run: NewRun
    next_us: int | None


@dataclass(frozen=True, slots=True)
class Fired:
    """What a firing came to: a run, or why there is none."""

    admission: Admission | None
    refusal: DemoticError | None = None
