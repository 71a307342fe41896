"""Threads kept small, on a connection: measured, deleted when their time is over, pruned."""

from collections.abc import Iterator, Sequence
from functools import partial

import apsw

from demotic.domain.errors import ThreadNotFound
from demotic.domain.model import Scope, Size
from demotic.domain.runs import LeaseKey
from demotic.domain.threads import Expired, Pruning, ThreadSize
from demotic.storage.sql.queries import Queries
from demotic.storage.sqlite import checkpoint_removal, feed, rows, threads, writes
from demotic.storage.sqlite.checkpoint_removal import Doomed
from demotic.storage.sqlite.copying import complete_from
from demotic.storage.sqlite.database import Job
from demotic.storage.sqlite.statements import every, first

SQL = Queries(__package__, "upkeep.sql")

PLACES = 100  # checkpoints that are taken together
DIGESTS = 500  # values that are


def measure(c: apsw.Connection, thread_id: str, scope: Scope) -> ThreadSize:
    """What a thread takes up."""
    if first(c, SQL.is_visible, (thread_id, rows.scope_filter(scope))) is None:
        raise threads.not_found(thread_id)

    def size(statement: str) -> Size:
        return Size(*first(c, statement, (thread_id,)))

    return ThreadSize(
        checkpoints=size(SQL.checkpoints_of),
        values=size(SQL.values_of),
        writes=size(SQL.writes_of),
        runs=size(SQL.runs_of),
        events=size(SQL.events_of),
        documents=size(SQL.documents_of),
    )


def expired(c: apsw.Connection, now_us: int, limit: int) -> list[Expired]:
    """Threads whose lifetime is over."""
    found = every(c, SQL.expired, (now_us, limit))
    return [Expired(thread_id, Pruning(pruning)) for thread_id, pruning in found]


def delete_idle(
    c: apsw.Connection, thread_id: str, scope: Scope, now_us: int, only_expired: bool
) -> Sequence[str]:
    """Delete a thread that nothing is in progress on."""
    if only_expired:
        _check_expired(c, thread_id, now_us)
    threads.get(c, thread_id, scope)
    writes.refuse_busy(c, thread_id)
    return threads.delete(c, thread_id, False, scope, now_us)


def plan(c: apsw.Connection, thread_id: str, now_us: int, only_expired: bool) -> Doomed:
    """What pruning a thread takes."""
    if only_expired:
        _check_expired(c, thread_id, now_us)
    return checkpoint_removal.spared_by_heads(c, thread_id)


def _check_expired(c: apsw.Connection, thread_id: str, now_us: int) -> None:
    if first(c, SQL.is_expired, (thread_id, now_us)) is None:
        raise ThreadNotFound(f"There is no thread {thread_id} that has expired.")


def parts(key: LeaseKey, doomed: Doomed, now_us: int) -> Iterator[Job[None]]:
    """The jobs that take what is doomed, in their order; the last ends a lifetime that is over."""
    for start in range(0, len(doomed.places), PLACES):
        yield partial(_take, key=key, doomed=Doomed(doomed.places[start : start + PLACES], ()))
    for start in range(0, len(doomed.digests), DIGESTS):
        yield partial(_take, key=key, doomed=Doomed((), doomed.digests[start : start + DIGESTS]))
    yield partial(_end_life, key=key, now_us=now_us)


def _take(c: apsw.Connection, key: LeaseKey, doomed: Doomed) -> None:
    feed.fence(c, key)
    complete_from(c, key.thread_id)
    checkpoint_removal.delete_checkpoints(c, key.thread_id, doomed.places)
    checkpoint_removal.delete_values(c, key.thread_id, doomed.digests)


def _end_life(c: apsw.Connection, key: LeaseKey, now_us: int) -> None:
    feed.fence(c, key)
    c.execute(SQL.end_life, (key.thread_id, now_us))
