"""Thread operations on a connection."""

from collections.abc import Mapping, Sequence
from typing import Any

import apsw

from demotic.domain.errors import ThreadExists, ThreadNotFound
from demotic.domain.ids import first_epoch
from demotic.domain.lifecycle import ThreadState
from demotic.domain.model import Json, NewThread, Page, Scope, Thread, ThreadQuery, Unfinished
from demotic.storage.sqlite import checkpoint_removal, checkpoints, documents, rows
from demotic.storage.sqlite.search import Search
from demotic.storage.sqlite.statements import Q, every, first

COLUMNS = (
    "t.id, t.metadata, t.config, t.agent, t.state, t.values_document, t.interrupts, t.error, "
    "t.created_us, t.updated_us, t.state_updated_us, t.reason"
)
SOURCE = "thread t"
SORT = {
    "id": "t.id",
    "state": "t.state",
    "created": "t.created_us",
    "updated": "t.updated_us",
    "state_updated": "t.state_updated_us",
}


def create(c: apsw.Connection, new: NewThread, scope: Scope, now_us: int) -> Thread:
    """Create a thread; what the scope filters by becomes part of its metadata."""
    metadata = {**new.metadata, **(scope.filters or {})}
    insert(c, new.id, metadata, ThreadState.IDLE, now_us, agent=None, temporary=False)
    return get(c, new.id, scope)


def insert(
    c: apsw.Connection,
    thread_id: str,
    metadata: Mapping[str, Json],
    state: ThreadState,
    now_us: int,
    *,
    agent: str | None,
    temporary: bool,
) -> int:
    """Insert a thread row; its first epoch. Raises `ThreadExists`."""
    epoch = first_epoch(now_us) if temporary else _next_epoch(c, thread_id, now_us)
    row = (thread_id, rows.dump(metadata), state, epoch, agent, int(temporary), now_us)
    if first(c, Q.insert_thread, row) is None:
        raise _exists(thread_id)
    if not temporary:
        write_tags(c, thread_id, metadata)
    return epoch


def _next_epoch(c: apsw.Connection, thread_id: str, now_us: int) -> int:
    """The epoch that a thread begins with: above all that this id has had."""
    tombstone = first(c, Q.get_tombstone, (thread_id,))
    return max(first_epoch(now_us), tombstone[0] + 1 if tombstone else 0)


def _exists(thread_id: str) -> ThreadExists:
    return ThreadExists(f"Thread with ID {thread_id} already exists")


def write_tags(c: apsw.Connection, thread_id: str, metadata: Mapping[str, Json]) -> None:
    """Index a thread's metadata."""
    for key, value in rows.tags(metadata):
        c.execute(Q.insert_thread_tag, (key, value, thread_id))


def get(c: apsw.Connection, thread_id: str, scope: Scope) -> Thread:
    """One thread."""
    row = first(c, Q.get_thread, (thread_id, rows.scope_filter(scope)))
    if row is None:
        raise ThreadNotFound(f"Thread with ID {thread_id} not found")
    return _thread(c, row)


def _thread(c: apsw.Connection, row: Sequence[Any]) -> Thread:
    return rows.thread(row, documents.load(c, row[0], row[5]))


def change(
    c: apsw.Connection, thread_id: str, metadata: Mapping[str, Json], scope: Scope, now_us: int
) -> Thread:
    """Merge metadata."""
    merged = {**get(c, thread_id, scope).metadata, **metadata, **(scope.filters or {})}
    c.execute(Q.change_thread_metadata, (thread_id, rows.dump(merged), now_us))
    c.execute(Q.delete_thread_tags, (thread_id,))
    write_tags(c, thread_id, merged)
    return get(c, thread_id, scope)


def copy(c: apsw.Connection, source_id: str, target_id: str, scope: Scope, now_us: int) -> Thread:
    """A thread with the same past and a future of its own."""
    get(c, source_id, scope)
    epoch = _next_epoch(c, target_id, now_us)
    if first(c, Q.copy_thread, (source_id, target_id, epoch, now_us)) is None:
        raise _exists(target_id)
    documents.copy(c, source_id, target_id, first(c, Q.get_thread, (source_id, None))[5])
    c.execute(Q.copy_thread_tags, (source_id, target_id))
    checkpoints.copy_thread(c, source_id, target_id)
    return get(c, target_id, scope)


def search(c: apsw.Connection, query: ThreadQuery, scope: Scope) -> Page:
    """A page of threads."""
    found = _search(scope.filters, query.metadata)
    if query.values:
        wanted = rows.dump(query.values)
        found.where("document_within(t.id, t.values_document, ?)", wanted)
    found.equals("t.state", query.state)
    if query.ids is not None:
        found.where("t.id IN (SELECT value FROM json_each(?))", rows.dump(list(query.ids)))
    sort = SORT[query.sort_by]
    page = found.page(c, COLUMNS, sort, query.descending, query.limit, query.offset)
    return Page([_thread(c, row) for row in page.items], page.total)


def _search(*wanted: Mapping[str, Json] | None) -> Search:
    """A search for threads whose metadata contains all that is wanted."""
    found = Search(SOURCE)
    found.where("t.temporary = 0")
    for each in wanted:
        for key, value in rows.tags(each or {}):
            tagged = "t.id IN (SELECT thread_id FROM thread_tag WHERE key = ? AND value = ?)"
            found.where(tagged, key, value)
        if each and any(isinstance(value, (dict, list)) for value in each.values()):
            found.within("t.metadata", each)
    return found


def delete(c: apsw.Connection, thread_id: str, scope: Scope, now_us: int) -> Sequence[str]:
    """Delete a thread; the ids of its unfinished runs."""
    get(c, thread_id, scope)
    unfinished = [row[0] for row in c.execute(Q.unfinished_runs, (thread_id,))]
    erase_thread(c, thread_id, now_us)
    return unfinished


def delete_matching(
    c: apsw.Connection, metadata: Mapping[str, Json], scope: Scope, now_us: int
) -> list[Unfinished]:
    """Delete the threads whose metadata contains the given; their unfinished runs."""
    return [
        Unfinished(thread_id, run_id)
        for thread_id in _search(scope.filters, metadata).every(c, "t.id")
        for run_id in delete(c, thread_id, scope, now_us)
    ]


def erase_thread(c: apsw.Connection, thread_id: str, now_us: int) -> None:
    """Remove everything a thread owns and leave its tombstone."""
    for (epoch,) in every(c, Q.delete_thread, (thread_id,)):
        c.execute(Q.insert_tombstone, (thread_id, epoch, now_us))
    checkpoint_removal.delete_thread(c, thread_id)
