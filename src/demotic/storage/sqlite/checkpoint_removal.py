"""Taking checkpoints out of SQLite: the rows that go, the heads that fall back, the values."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import apsw
import orjson

from demotic.domain.chains import Link, Place, left_by, needed_by
from demotic.ports.checkpoints import children, split_digests
from demotic.storage.sql.queries import Queries
from demotic.storage.sqlite.copying import complete_from

SQL = Queries(__package__, "checkpoints.sql")


def delete_thread(connection: apsw.Connection, thread_id: str) -> None:
    """Delete everything of a thread."""
    for query in (
        SQL.delete_thread_checkpoints,
        SQL.delete_thread_heads,
        SQL.delete_thread_writes,
        SQL.delete_thread_values,
    ):
        connection.execute(query, (thread_id,))


def delete_runs(connection: apsw.Connection, thread_id: str, runs: Collection[str]) -> None:
    """Delete what the given runs made in a thread, except what others are rebuilt from."""
    complete_from(connection, thread_id)
    gone, kept = left_by(_chains(connection, thread_id), runs)
    delete_checkpoints(connection, thread_id, gone)
    for run_id in runs:
        written: list[Place] = list(connection.execute(SQL.writes_of_run, (run_id, thread_id)))
        rows = [(thread_id, *place, run_id) for place in written if place not in kept]
        connection.executemany(SQL.delete_run_writes, rows)
    connection.execute(SQL.restore_heads, {"thread_id": thread_id})
    connection.execute(SQL.drop_heads, {"thread_id": thread_id})
    _sweep_values(connection, thread_id)


class Doomed(NamedTuple):
    """What is to go: checkpoints with their writes, the newest first, and values.

    In this order none of them is ever left without what it is rebuilt from.
    """

    places: Sequence[Place]
    digests: Sequence[bytes]


def spared_by_heads(connection: apsw.Connection, thread_id: str) -> Doomed:
    """All that the latest checkpoint of each namespace does not need."""
    chains = _chains(connection, thread_id)
    heads: list[Place] = list(connection.execute(SQL.heads, (thread_id,)))
    gone = chains.keys() - needed_by(chains, heads)
    newest_first: list[Place] = list(connection.execute(SQL.places_newest_first, (thread_id,)))
    roots = [
        roots
        for ns, id, roots in connection.execute(SQL.roots_by_place, {"thread_id": thread_id})
        if (ns, id) not in gone
    ]
    places = [place for place in newest_first if place in gone]
    return Doomed(places, sorted(_unreached(connection, thread_id, roots)))


def keep_heads(connection: apsw.Connection, thread_id: str) -> None:
    """Delete all that the latest checkpoint of each namespace does not need."""
    doomed = spared_by_heads(connection, thread_id)
    delete_checkpoints(connection, thread_id, doomed.places)
    delete_values(connection, thread_id, doomed.digests)


def _chains(connection: apsw.Connection, thread_id: str) -> dict[Place, Link]:
    return {
        (ns, checkpoint_id): Link(parent_id, run_id, frozenset(orjson.loads(inherited)))
        for ns, checkpoint_id, parent_id, run_id, inherited in connection.execute(
            SQL.chains, (thread_id,)
        )
    }


def delete_checkpoints(
    connection: apsw.Connection, thread_id: str, places: Iterable[Place]
) -> None:
    """Delete checkpoints with their writes."""
    rows = [(thread_id, *place) for place in places]
    connection.executemany(SQL.delete_checkpoint, rows)
    connection.executemany(SQL.delete_checkpoint_writes, rows)


def delete_values(connection: apsw.Connection, thread_id: str, digests: Iterable[bytes]) -> None:
    """Delete values; nothing may refer to them."""
    connection.executemany(SQL.delete_value, [(thread_id, digest) for digest in digests])


def _sweep_values(connection: apsw.Connection, thread_id: str) -> None:
    """Delete the values of a thread that nothing refers to any more."""
    found = connection.execute(SQL.roots_by_place, {"thread_id": thread_id})
    roots = [roots for _, _, roots in found]
    delete_values(connection, thread_id, _unreached(connection, thread_id, roots))


def _unreached(connection: apsw.Connection, thread_id: str, roots: Iterable[bytes]) -> set[bytes]:
    """The values of a thread that are not needed for these roots."""
    nodes: dict[bytes, bytes | None] = {
        digest: data for digest, _, data in connection.execute(SQL.nodes_of_thread, (thread_id,))
    }
    wanted = [root for each in roots for root in split_digests(each)]
    unreached = set(nodes)
    while wanted:
        digest = wanted.pop()
        if digest in unreached:
            unreached.remove(digest)
            wanted += children(nodes[digest] or b"")
    return unreached
