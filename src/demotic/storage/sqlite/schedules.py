"""Schedules on SQLite: their part of the storage port, and the operations on a connection."""

from collections.abc import Sequence
from typing import Any

import apsw
import msgspec
import orjson

from demotic.domain.errors import DemoticError, ScheduleNotFound
from demotic.domain.model import EVERYTHING, Page, Scope
from demotic.domain.runs import Claimer, NewRun
from demotic.domain.schedules import (
    Fired,
    Firing,
    NewSchedule,
    Schedule,
    ScheduleChange,
    ScheduleQuery,
    Timing,
)
from demotic.storage.sql.queries import Queries
from demotic.storage.sqlite import admission, rows
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.search import Search
from demotic.storage.sqlite.statements import every, first

SQL = Queries(__package__, "schedules.sql")

COLUMNS = (
    "id, expression, zone, end_us, enabled, next_us, run, scope, metadata, reply_format, "
    "created_us, updated_us"
)
SORT = {
    "id": "id",
    "assistant": "assistant_id",
    "thread": "thread_id",
    "next": "next_us",
    "end": "end_us",
    "created": "created_us",
    "updated": "updated_us",
}

_run_decoder = msgspec.json.Decoder(NewRun)
_scope_decoder = msgspec.json.Decoder(Scope)


class SqliteSchedules:
    """`demotic.ports.schedules.ScheduleStorage` on one SQLite database."""

    _db: Database

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
        """See the port."""
        return await self._db.write(
            "schedule",
            lambda c: create(c, new, next_us, scope, assistant_scope, claimer, now_us),
        )

    async def get_schedule(self, schedule_id: str, *, scope: Scope) -> Schedule:
        """See the port."""
        return await self._db.read("get", lambda c: get(c, schedule_id, scope))

    async def search_schedules(self, query: ScheduleQuery, *, scope: Scope) -> Page:
        """See the port."""
        return await self._db.read("search", lambda c: search(c, query, scope))

    async def change_schedule(
        self, change: ScheduleChange, *, scope: Scope, now_us: int
    ) -> Schedule | None:
        """See the port."""
        return await self._db.write("schedule", lambda c: apply(c, change, scope, now_us))

    async def delete_schedule(self, schedule_id: str, *, scope: Scope) -> None:
        """See the port."""
        await self._db.write("schedule", lambda c: delete(c, schedule_id, scope))

    async def due_schedules(self, *, now_us: int, limit: int) -> Sequence[Schedule]:
        """See the port."""
        return await self._db.read("due", lambda c: due(c, now_us, limit))

    async def next_due(self) -> int | None:
        """See the port."""
        return await self._db.read("due", next_due)

    async def fire_schedule(
        self, firing: Firing, *, now_us: int, claimer: Claimer, claim: bool
    ) -> Fired | None:
        """See the port."""
        return await self._db.write("fire", lambda c: fire(c, firing, now_us, claimer, claim))


def create(
    c: apsw.Connection,
    new: NewSchedule,
    next_us: int | None,
    scope: Scope,
    assistant_scope: Scope,
    claimer: Claimer,
    now_us: int,
) -> Schedule:
    """Store a schedule of an assistant and a thread that are there."""
    assistant = admission.hosted(c, new.run.assistant_id, assistant_scope, claimer)
    if new.run.thread_id is not None:
        admission.existing(c, new.run, new.run.thread_id, scope, now_us)
    row = (
        new.id,
        assistant.id,
        new.run.thread_id,
        new.timing.expression,
        new.timing.zone,
        new.timing.end_us,
        int(new.enabled),
        next_us,
        _text(new.run),
        _text(scope),
        rows.dump({**new.metadata, **(scope.filters or {})}),
        rows.dump(new.reply_format),
        now_us,
    )
    c.execute(SQL.insert_schedule, row)
    return get(c, new.id, scope)


def get(c: apsw.Connection, schedule_id: str, scope: Scope) -> Schedule:
    """One schedule."""
    row = first(c, SQL.get_schedule, (schedule_id, rows.scope_filter(scope)))
    if row is None:
        raise ScheduleNotFound(f"Schedule {schedule_id} not found")
    return _schedule(row)


def search(c: apsw.Connection, query: ScheduleQuery, scope: Scope) -> Page:
    """A page of schedules."""
    found = Search("schedule")
    found.within("metadata", scope.filters)
    found.within("metadata", query.metadata)
    found.equals("assistant_id", query.assistant_id)
    found.equals("thread_id", query.thread_id)
    found.equals("enabled", query.enabled)
    page = found.page(c, COLUMNS, SORT[query.sort_by], query.descending, query.limit, query.offset)
    return Page([_schedule(row) for row in page.items], page.total)


def apply(c: apsw.Connection, change: ScheduleChange, scope: Scope, now_us: int) -> Schedule | None:
    """Give a schedule other settings, unless somebody else has."""
    new = change.new
    get(c, new.id, scope)
    row = (
        new.id,
        change.seen_us,
        new.timing.expression,
        new.timing.zone,
        new.timing.end_us,
        int(new.enabled),
        int(change.retimed),
        change.next_us,
        _text(new.run),
        rows.dump({**new.metadata, **(scope.filters or {})}),
        rows.dump(new.reply_format),
        now_us,
    )
    return get(c, new.id, scope) if first(c, SQL.set_schedule, row) else None


def delete(c: apsw.Connection, schedule_id: str, scope: Scope) -> None:
    """Delete a schedule."""
    get(c, schedule_id, scope)
    c.execute(SQL.delete_schedule, (schedule_id,))


def due(c: apsw.Connection, now_us: int, limit: int) -> list[Schedule]:
    """Schedules that are due."""
    return [_schedule(row) for row in every(c, SQL.due_schedules, (now_us, limit))]


def next_due(c: apsw.Connection) -> int | None:
    """When the next schedule is due."""
    found: int | None = first(c, SQL.next_due, ())[0]
    return found


def fire(
    c: apsw.Connection, firing: Firing, now_us: int, claimer: Claimer, claim: bool
) -> Fired | None:
    """Move a schedule on and start its run."""
    seen = firing.schedule
    moved = first(c, SQL.pass_instant, (seen.id, seen.updated_us, seen.next_us, firing.next_us))
    if moved is None:
        return None
    # That its maker may use the assistant was found when the schedule was made.
    asked = admission.Asked(firing.run, seen.scope, EVERYTHING, now_us, claimer, claim)
    try:
        with c:  # what a refused run has written so far goes; that the schedule moved on stays
            admitted = admission.admit(c, asked)
    except DemoticError as refusal:
        return Fired(None, refusal)
    return Fired(admitted)


def _text(value: NewRun | Scope) -> str:
    return msgspec.json.encode(value).decode()


def _schedule(row: Sequence[Any]) -> Schedule:
    """From `COLUMNS`."""
    return Schedule(
        id=row[0],
        timing=Timing(expression=row[1], zone=row[2], end_us=row[3]),
        enabled=bool(row[4]),
        next_us=row[5],
        run=_run_decoder.decode(row[6]),
        scope=_scope_decoder.decode(row[7]),
        metadata=orjson.loads(row[8]),
        reply_format=orjson.loads(row[9]),
        created_us=row[10],
        updated_us=row[11],
    )
