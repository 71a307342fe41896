"""Thread operations on a connection."""

from collections.abc import Mapping, Sequence
from typing import Any

import apsw

from demotic.domain.errors import ThreadBusy, ThreadExists, ThreadNotFound
from demotic.domain.ids import first_epoch
from demotic.domain.lifecycle import ACTIVE, ThreadState
from demotic.domain.model import Json, NewThread, Page, Scope, Thread, ThreadQuery, Unfinished
from demotic.storage.sqlite import checkpoint_removal, checkpoints, documents, rows
from demotic.storage.sqlite.search import Search
from demotic.storage.sqlite.statements import Q, every, first

SORT = {
    "id": "t.id",
    "state": "t.state",
    "created": "t.created_us",
    "updated": "t.updated_us",
    "state_updated": "t.state_updated_us",
}
TAG_SORT = {"id": "k.thread_id", "created": "k.created_us"}
"""What the metadata index alone can be sorted by."""

KEPT = "thread t"
COVERED = "thread t INDEXED BY thread_updated"
TAGGED = "thread_tag k"
TAGGED_THREADS = "thread_tag k CROSS JOIN thread t ON t.id = k.thread_id"
"""What is searched, and in which order it is gone through."""


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
    wanted = [each for each in (scope.filters, query.metadata) if each]
    tags, nested = _tags(c, wanted), _nested(wanted)
    filtered = bool(nested or query.values or query.state or query.ids is not None)
    sort = SORT[query.sort_by]
    if tags and query.sort_by in TAG_SORT:
        sort, source = TAG_SORT[query.sort_by], TAGGED_THREADS if filtered else TAGGED
    elif tags:
        source = TAGGED_THREADS
    else:
        by_state = query.state is not None or query.sort_by in ("state", "state_updated")
        source = COVERED if by_state and query.ids is None else KEPT
    found = _matching(source, tags, nested)
    if query.values:
        values = rows.dump(query.values)
        found.where("document_within(t.id, t.values_document, ?)", values)
    found.equals("t.state", query.state)
    if query.ids is not None:
        found.where("t.id IN (SELECT value FROM json_each(?))", rows.dump(list(query.ids)))
    page = found.keys(c, sort, query.descending, query.limit, query.offset)
    listed = every(c, Q.list_threads, (rows.dump(page.items),)) if page.items else []
    return Page([_listed(c, row) for row in listed], page.total)


def _listed(c: apsw.Connection, row: Sequence[Any]) -> Thread:
    return rows.thread(row, None if row[12] is None else documents.whole(c, row[0], row[12]))


def _tags(c: apsw.Connection, wanted: Sequence[Mapping[str, Json]]) -> list[tuple[str, str]]:
    """The entries that the metadata index holds, the rarest first."""
    tags = list(dict.fromkeys(tag for each in wanted for tag in rows.tags(each)))
    if len(tags) > 1:
        tags.sort(key=lambda tag: int(first(c, Q.count_tag, tag)[0]))
    return tags


def _nested(wanted: Sequence[Mapping[str, Json]]) -> list[Mapping[str, Json]]:
    """The metadata that the index alone cannot find."""
    return [each for each in wanted if any(isinstance(v, (dict, list)) for v in each.values())]


def _matching(
    source: str, tags: Sequence[tuple[str, str]], nested: Sequence[Mapping[str, Json]]
) -> Search:
    """A search for threads by metadata: through the first tag, where there is one."""
    found = Search(source, "k.thread_id" if tags else "t.id")
    if tags:  # only kept threads have any
        found.where("k.key = ? AND k.value = ?", *tags[0])
    else:
        found.where("t.temporary = 0")
    for tag in tags[1:]:
        found.where(
            "EXISTS (SELECT 1 FROM thread_tag o WHERE o.key = ? AND o.value = ? "
            "AND o.created_us = k.created_us AND o.thread_id = k.thread_id)",
            *tag,
        )
    for each in nested:
        found.within("t.metadata", each)
    return found


def delete(
    c: apsw.Connection, thread_id: str, only_idle: bool, scope: Scope, now_us: int
) -> Sequence[str]:
    """Delete a thread; the ids of its unfinished runs."""
    get(c, thread_id, scope)
    unfinished = every(c, Q.unfinished_runs, (thread_id,))
    if only_idle and any(row[1] in ACTIVE for row in unfinished):
        raise ThreadBusy(f"Thread {thread_id} has a run in progress: cancel it first.")
    erase_thread(c, thread_id, now_us)
    return [row[0] for row in unfinished]


def delete_matching(
    c: apsw.Connection, metadata: Mapping[str, Json], scope: Scope, now_us: int
) -> list[Unfinished]:
    """Delete the threads whose metadata contains the given; their unfinished runs."""
    wanted = [each for each in (scope.filters, metadata) if each]
    tags = _tags(c, wanted)
    found = _matching(TAGGED_THREADS if tags else KEPT, tags, _nested(wanted))
    return [
        Unfinished(thread_id, run_id)
        for thread_id in found.every(c)
        for run_id in delete(c, thread_id, False, scope, now_us)
    ]


def erase_thread(c: apsw.Connection, thread_id: str, now_us: int) -> None:
    """Remove everything a thread owns and leave its tombstone."""
    for (epoch,) in every(c, Q.delete_thread, (thread_id,)):
        c.execute(Q.insert_tombstone, (thread_id, epoch, now_us))
    checkpoint_removal.delete_thread(c, thread_id)
