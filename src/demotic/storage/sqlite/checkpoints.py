"""Checkpoints in SQLite."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import apsw
import orjson

from demotic.domain.chains import Place
from demotic.domain.errors import Conflict, LeaseLost
from demotic.domain.runs import LeaseKey
from demotic.ports.checkpoints import (
    Change,
    MissingValues,
    Node,
    Outline,
    Put,
    PutWrites,
    Reply,
    StoredCheckpoint,
    StoredWrite,
    children,
    split_digests,
)
from demotic.storage.sql.queries import Queries
from demotic.storage.sqlite import copying
from demotic.storage.sqlite.checkpoint_removal import delete_runs, delete_thread, keep_heads
from demotic.storage.sqlite.database import Database

SQL = Queries(__package__, "checkpoints.sql")

ALL: Mapping[str, None] = {"id": None, "before": None}
"""Of a thread's listing: nothing is left out."""

NO_VALUES: Mapping[bytes, bytes] = {}

Row = tuple[Any, ...]
"""ns, id, parent id, body, roots, metadata, what is inherited, run id."""


class SqliteCheckpoints:
    """The port `Checkpoints` on a SQLite database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self,
        key: LeaseKey | None,
        thread_id: str,
        checkpoint: StoredCheckpoint,
        values: Mapping[bytes, bytes],
    ) -> Reply[None]:
        """See the port."""

        def job(connection: apsw.Connection) -> None:
            _check_lease(connection, key, thread_id)
            _put_values(connection, thread_id, checkpoint.roots, values)
            _put_checkpoint(connection, key, thread_id, checkpoint)

        return self._database.write("put_checkpoint", job)

    def put_writes(
        self,
        key: LeaseKey | None,
        thread_id: str,
        ns: str,
        checkpoint_id: str,
        writes: Sequence[StoredWrite],
        values: Mapping[bytes, bytes],
    ) -> Reply[None]:
        """See the port."""

        def job(connection: apsw.Connection) -> None:
            _check_lease(connection, key, thread_id)
            part = PutWrites(ns, checkpoint_id, writes, values)
            _put_writes(connection, key, thread_id, part)

        return self._database.write("put_writes", job)

    def get(
        self, thread_id: str, ns: str, checkpoint_id: str | None
    ) -> Reply[StoredCheckpoint | None]:
        """See the port."""

        def job(connection: apsw.Connection) -> StoredCheckpoint | None:
            row = {"thread_id": thread_id, "ns": ns, "id": checkpoint_id}
            found = connection.execute(SQL.get_checkpoint, row).fetchall()
            return next(_complete(connection, thread_id, found), None)

        return self._database.read("get_checkpoint", job)

    def list(
        self,
        thread_id: str | None,
        ns: str | None,
        *,
        checkpoint_id: str | None = None,
        before: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Reply[Sequence[tuple[str, StoredCheckpoint]]]:
        """See the port."""

        def job(connection: apsw.Connection) -> Sequence[tuple[str, StoredCheckpoint]]:
            found: list[tuple[str, StoredCheckpoint]] = []
            for thread in [thread_id] if thread_id is not None else _threads(connection):
                matches = _matches(connection, thread, ns, checkpoint_id, before, metadata)
                wanted = None if limit is None else max(limit - len(found), 0)
                rows = list(islice(matches, wanted))
                found += ((thread, stored) for stored in _complete(connection, thread, rows))
            return found

        return self._database.read("list_checkpoints", job)

    def outline(self, thread_id: str) -> Reply[Outline]:
        """See the port."""

        def job(connection: apsw.Connection) -> Outline:
            found = connection.execute(SQL.list_thread, {"thread_id": thread_id, **ALL})
            stored = [_stored(*row) for row in found]
            nodes = {
                digest: Node(size, children(data or b""))
                for digest, size, data in connection.execute(SQL.nodes_of_thread, (thread_id,))
            }
            return Outline(stored, nodes)

        return self._database.read("outline", job)

    def delete_thread(self, thread_id: str) -> Reply[None]:
        """See the port."""

        def job(connection: apsw.Connection) -> None:
            copying.complete_from(connection, thread_id)
            delete_thread(connection, thread_id)

        return self._database.write("delete_checkpoints", job)

    def delete_runs(self, run_ids: Sequence[str]) -> Reply[None]:
        """See the port."""

        def job(connection: apsw.Connection) -> None:
            runs = frozenset(run_ids)
            threads = {
                thread_id
                for run_id in runs
                for (thread_id,) in connection.execute(SQL.threads_of_run, {"run_id": run_id})
            }
            for thread_id in threads:
                delete_runs(connection, thread_id, runs)

        return self._database.write("delete_run_checkpoints", job)

    def copy_thread(self, source: str, target: str) -> Reply[None]:
        """See the port."""

        return self._database.write("copy_checkpoints", lambda c: copy_thread(c, source, target))

    def prune(self, thread_ids: Sequence[str], *, keep_latest: bool) -> Reply[None]:
        """See the port."""

        def job(connection: apsw.Connection) -> None:
            for thread_id in thread_ids:
                copying.complete_from(connection, thread_id)
                if keep_latest:
                    keep_heads(connection, thread_id)
                else:
                    delete_thread(connection, thread_id)

        return self._database.write("prune_checkpoints", job)


def put_parts(
    connection: apsw.Connection, key: LeaseKey | None, thread_id: str, parts: Iterable[Change]
) -> None:
    """Store the parts of a change of state; the caller has checked the fence."""
    for part in parts:
        if isinstance(part, Put):
            _put_values(connection, thread_id, part.checkpoint.roots, part.values)
            _put_checkpoint(connection, key, thread_id, part.checkpoint)
        else:
            _put_writes(connection, key, thread_id, part)


def copy_thread(connection: apsw.Connection, source: str, target: str) -> None:
    """Copy every checkpoint, write and value of a thread to one that has none."""
    if not connection.execute(SQL.thread_is_empty, {"thread_id": target}).get:
        raise Conflict("The thread to copy to has checkpoints of its own.")
    copying.copy_state(connection, source, target)


def _check_lease(connection: apsw.Connection, key: LeaseKey | None, thread_id: str) -> None:
    if key is None:
        return
    row = {"run_id": key.run_id, "thread_id": thread_id, "epoch": key.epoch}
    if key.thread_id != thread_id or connection.execute(SQL.holds_lease, row).get is None:
        raise LeaseLost


def _put_values(
    connection: apsw.Connection,
    thread_id: str,
    roots: Iterable[bytes],
    values: Mapping[bytes, bytes],
) -> None:
    """Store values; what they and `roots` refer to must be among them or stored already.

    A stored branch has all its children stored, so that one level is enough to look at.
    """
    wanted = set(roots)
    for data in values.values():
        wanted.update(children(data))
    wanted -= values.keys()
    if wanted:
        row = {"thread_id": thread_id, "digests": apsw.carray(tuple(wanted))}
        if connection.execute(SQL.count_values, row).get != len(wanted):
            raise MissingValues
    if values:
        rows = ((thread_id, digest, data) for digest, data in values.items())
        connection.executemany(SQL.put_value, rows)


def _put_checkpoint(
    connection: apsw.Connection,
    key: LeaseKey | None,
    thread_id: str,
    checkpoint: StoredCheckpoint,
) -> None:
    row = {
        "thread_id": thread_id,
        "ns": checkpoint.ns,
        "id": checkpoint.id,
        "parent_id": checkpoint.parent_id,
        "run_id": key.run_id if key else checkpoint.run_id,
        "epoch": key.epoch if key else 0,
        "body": checkpoint.body,
        "roots": b"".join(checkpoint.roots),
        "metadata": checkpoint.metadata.decode(),
        "inherited": orjson.dumps(list(checkpoint.inherited)).decode(),
    }
    ordinal = connection.execute(SQL.put_checkpoint, row).get
    connection.execute(SQL.put_head, (thread_id, checkpoint.ns, checkpoint.id, ordinal))


def _put_writes(
    connection: apsw.Connection, key: LeaseKey | None, thread_id: str, part: PutWrites
) -> None:
    roots = [root for write in part.writes for root in write.roots]
    _put_values(connection, thread_id, roots, part.values)
    place = {"thread_id": thread_id, "ns": part.ns, "checkpoint_id": part.checkpoint_id}
    rows = ({**place, **_write_row(key, write)} for write in part.writes)
    connection.executemany(SQL.put_write, rows)


def _write_row(key: LeaseKey | None, write: StoredWrite) -> dict[str, str | int | bytes]:
    return {
        "task_id": write.task_id,
        "idx": write.idx,
        "run_id": key.run_id if key else write.run_id or "",
        "epoch": key.epoch if key else 0,
        "task_path": write.task_path,
        "channel": write.channel,
        "data": write.data,
        "roots": b"".join(write.roots),
    }


def _threads(connection: apsw.Connection) -> Sequence[str]:
    return [thread_id for (thread_id,) in connection.execute(SQL.all_threads)]


def _matches(
    connection: apsw.Connection,
    thread_id: str,
    ns: str | None,
    checkpoint_id: str | None,
    before: str | None,
    metadata: Mapping[str, Any] | None,
) -> Iterator[Row]:
    """The checkpoints that a listing asks for, newest first.

    Metadata is compared here: neither keys nor values of a filter get near the SQL.
    """
    query = SQL.list_thread if ns is None else SQL.list_namespace
    row = {"thread_id": thread_id, "ns": ns, "id": checkpoint_id, "before": before}
    wanted = (metadata or {}).items()
    for checkpoint in connection.execute(query, row):
        if wanted:
            found = orjson.loads(checkpoint[5])
            if any(key not in found or found[key] != value for key, value in wanted):
                continue
        yield checkpoint


def _complete(
    connection: apsw.Connection, thread_id: str, found: Sequence[Row]
) -> Iterator[StoredCheckpoint]:
    """Checkpoints of a thread with their writes; they share one mapping of values."""
    writes = _writes(connection, thread_id, [(row[0], row[1]) for row in found])
    roots = {root for row in found for root in split_digests(row[4])}
    roots.update(root for slots in writes.values() for write in slots for root in write.roots)
    values = _closure(connection, thread_id, roots)
    for row in found:
        yield _stored(*row, writes=writes.get((row[0], row[1]), ()), values=values)


def _stored(
    ns: str,
    id: str,
    parent_id: str | None,
    body: bytes,
    roots: bytes,
    metadata: str,
    inherited: str,
    run_id: str | None,
    *,
    writes: Sequence[StoredWrite] = (),
    values: Mapping[bytes, bytes] = NO_VALUES,
) -> StoredCheckpoint:
    """A checkpoint from its row."""
    return StoredCheckpoint(
        ns=ns,
        id=id,
        parent_id=parent_id,
        body=body,
        roots=split_digests(roots),
        metadata=metadata.encode(),
        inherited=orjson.loads(inherited),
        run_id=run_id,
        writes=writes,
        values=values,
    )


def _writes(
    connection: apsw.Connection, thread_id: str, places: Sequence[Place]
) -> dict[Place, Sequence[StoredWrite]]:
    """The writes of the checkpoints at `places` that have any, in their order."""
    ids: dict[str, list[str]] = {}
    for ns, checkpoint_id in places:
        ids.setdefault(ns, []).append(checkpoint_id)
    slots: dict[Place, dict[tuple[str, int], StoredWrite]] = {}
    for ns, wanted in ids.items():
        row = {"thread_id": thread_id, "ns": ns, "ids": apsw.carray(tuple(wanted))}
        for at, task_id, idx, task_path, channel, data, roots, run_id, epoch in connection.execute(
            SQL.writes_of, row
        ):
            of_checkpoint = slots.setdefault((ns, at), {})
            if (task_id, idx) not in of_checkpoint:
                of_checkpoint[task_id, idx] = StoredWrite(
                    task_id=task_id,
                    task_path=task_path,
                    idx=idx,
                    channel=channel,
                    data=data,
                    roots=split_digests(roots),
                    run_id=run_id or None,
                    epoch=epoch,
                )
    return {
        place: sorted(found.values(), key=lambda w: (w.task_path, w.task_id, w.idx))
        for place, found in slots.items()
    }


def _closure(
    connection: apsw.Connection, thread_id: str, roots: Iterable[bytes]
) -> dict[bytes, bytes]:
    """Everything that `roots` lead to."""
    found: dict[bytes, bytes] = {}
    wanted = set(roots)
    while wanted:
        row = {"thread_id": thread_id, "digests": apsw.carray(tuple(wanted))}
        level: dict[bytes, bytes] = dict(connection.execute(SQL.values_of, row))
        found |= level
        wanted = {child for data in level.values() for child in children(data)} - found.keys()
    return found
