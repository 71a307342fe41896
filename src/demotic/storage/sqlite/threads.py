"""Thread operations on a connection."""

from collections.abc import Mapping, Sequence

import apsw

from demotic.domain.errors import ThreadBusy, ThreadExists, ThreadNotFound
from demotic.domain.ids import first_epoch
from demotic.domain.lifecycle import ACTIVE, Reason, ThreadState
from demotic.domain.model import Json, Scope
from demotic.domain.threads import Lifetime, NewThread, Thread
from demotic.storage.sqlite import checkpoint_removal, copying, documents, outbox, rows
from demotic.storage.sqlite.statements import Q, every, first


def create(c: apsw.Connection, new: NewThread, scope: Scope, now_us: int) -> Thread:
    """Create a thread; what the scope filters by becomes part of its metadata."""
    metadata = {**new.metadata, **(scope.filters or {})}
    state, lifetime = ThreadState.IDLE, new.lifetime
    insert(c, new.id, metadata, state, now_us, agent=None, temporary=False, lifetime=lifetime)
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
    lifetime: Lifetime | None = None,
) -> int:
    """Insert a thread row; its first epoch. Raises `ThreadExists`."""
    epoch = first_epoch(now_us) if temporary else _next_epoch(c, thread_id, now_us)
    life = (lifetime.length_us, lifetime.pruning) if lifetime else (None, None)
    row = (thread_id, rows.dump(metadata), state, epoch, agent, int(temporary), now_us, *life)
    if first(c, Q.insert_thread, row) is None:
        if not first(c, Q.is_over, (thread_id,)):
            raise _exists(thread_id)
        erase_thread(c, thread_id, now_us)  # its id means another thread from now on
        epoch = _next_epoch(c, thread_id, now_us)
        c.execute(Q.insert_thread, (*row[:3], epoch, *row[4:]))
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
        raise not_found(thread_id)
    return rows.thread(row, documents.load(c, row[0], row[5]))


def not_found(thread_id: str) -> ThreadNotFound:
    """The error for a thread that is not there, or not for this caller."""
    return ThreadNotFound(f"Thread with ID {thread_id} not found")


def change(
    c: apsw.Connection,
    thread_id: str,
    metadata: Mapping[str, Json],
    scope: Scope,
    now_us: int,
    lifetime: Lifetime | None,
) -> Thread:
    """Merge metadata, and begin a lifetime."""
    merged = {**get(c, thread_id, scope).metadata, **metadata, **(scope.filters or {})}
    c.execute(Q.change_thread_metadata, (thread_id, rows.dump(merged), now_us))
    if lifetime is not None:
        c.execute(Q.set_life, (thread_id, lifetime.length_us, lifetime.pruning, now_us))
    c.execute(Q.delete_thread_tags, (thread_id,))
    write_tags(c, thread_id, merged)
    return get(c, thread_id, scope)


def begin_copy(
    c: apsw.Connection, source_id: str, target_id: str, scope: Scope, now_us: int
) -> copying.Copy:
    """Begin a thread with the same past and a future of its own; nobody sees it yet."""
    row = first(c, Q.get_thread, (source_id, rows.scope_filter(scope)))
    if row is None:
        raise not_found(source_id)
    epoch = _next_epoch(c, target_id, now_us)
    copy = copying.begin(c, source_id, target_id, epoch, row[5], now_us)
    if copy is None:
        raise _exists(target_id)
    return copy


def end_copy(c: apsw.Connection, target_id: str, now_us: int) -> None:
    """A copy is whole: everybody may see it."""
    metadata = copying.reveal(c, target_id, now_us)
    write_tags(c, target_id, rows.load_or_none(metadata))


def drop_copies(c: apsw.Connection, targets: Sequence[str], now_us: int) -> None:
    """Remove copies that will not become whole."""
    for target_id in targets:
        erase_thread(c, target_id, now_us)


def delete(
    c: apsw.Connection, thread_id: str, only_idle: bool, scope: Scope, now_us: int
) -> Sequence[str]:
    """Delete a thread; the ids of its unfinished runs."""
    get(c, thread_id, scope)
    unfinished = every(c, Q.unfinished_runs, (thread_id,))
    if only_idle and any(row[1] in ACTIVE for row in unfinished):
        raise ThreadBusy(f"Thread {thread_id} has a run in progress: cancel it first.")
    for run_id, *_, told in unfinished:
        if told:
            run = rows.run(first(c, Q.get_run, (run_id,)))
            outbox.tell_cancelled(c, run, Reason.DELETED, now_us)
    outbox.forget_thread(c, thread_id)
    copying.complete_from(c, thread_id)
    erase_thread(c, thread_id, now_us)
    return [row[0] for row in unfinished]


def erase_thread(c: apsw.Connection, thread_id: str, now_us: int) -> None:
    """Remove everything a thread owns and leave its tombstone."""
    for (epoch,) in every(c, Q.delete_thread, (thread_id,)):
        c.execute(Q.insert_tombstone, (thread_id, epoch, now_us))
    checkpoint_removal.delete_thread(c, thread_id)
