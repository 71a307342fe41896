"""Every store of checkpoints keeps the contract; SQLite also leaves nothing behind."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from demotic.agents.langgraph.buffer import BufferedCheckpoints
from demotic.domain.errors import LeaseLost
from demotic.domain.runs import LeaseKey
from demotic.storage.sqlite.checkpoints import SqliteCheckpoints
from demotic.storage.sqlite.database import Database
from demotic.testing.checkpoint_builders import (
    THREAD,
    branch,
    checkpoint,
    head,
    ids,
    leaf,
    put,
    write,
    write_data,
)
from demotic.testing.checkpoints import CheckpointsContract, FencedCheckpointsContract
from demotic.testing.sqlite import hold_lease


@pytest.fixture(params=["memory", "file"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    opened = Database(tmp_path / "data.db" if request.param == "file" else None)
    yield opened
    opened.close()


class TestSqlite(FencedCheckpointsContract):
    """SQLite in memory and in a file."""

    @pytest.fixture
    def checkpoints(self, database: Database) -> SqliteCheckpoints:
        """An empty store."""
        self.database = database
        return SqliteCheckpoints(database)

    async def hold_lease(self, run_id: str, epoch: int) -> None:
        """See the contract."""
        hold_lease(self.database, LeaseKey(THREAD, run_id, epoch))


class TestBuffer(CheckpointsContract):
    """Memory."""

    @pytest.fixture
    def checkpoints(self) -> BufferedCheckpoints:
        """An empty store."""
        return BufferedCheckpoints()


def stored_digests(database: Database) -> set[bytes]:
    """The digests in the table of values."""

    def job(connection: apsw.Connection) -> set[bytes]:
        return {digest for (digest,) in connection.execute("SELECT digest FROM checkpoint_value")}

    return database.read("digests", job).result()


async def test_removal_sweeps_values_that_nothing_refers_to(database: Database) -> None:
    checkpoints = SqliteCheckpoints(database)
    leaves = [leaf(str(n)) for n in range(4)]
    first = branch(leaves[0][0], leaves[1][0])
    second = branch(leaves[1][0], leaves[2][0])
    await put(checkpoints, checkpoint("c1", roots=[first[0]]), values=dict([*leaves, first]))
    await put(checkpoints, checkpoint("c2", "c1", roots=[second[0]]), values=dict([second]))
    early = write("t", 0, roots=[leaves[3][0]])  # its checkpoint is still to come
    await checkpoints.put_writes(None, THREAD, "", "c3", [early], {})
    await checkpoints.prune([THREAD], keep_latest=True)
    kept = {second[0], leaves[1][0], leaves[2][0], leaves[3][0]}
    assert stored_digests(database) == kept
    await put(
        checkpoints,
        checkpoint("c4", "c2", roots=[first[0]], run_id="run-1"),
        values=dict([leaves[0], first]),
    )
    await checkpoints.delete_runs(["run-1"])
    assert stored_digests(database) == kept
    await checkpoints.delete_thread(THREAD)
    assert stored_digests(database) == set()


async def fill(buffer: BufferedCheckpoints) -> None:
    """Two checkpoints of which the older one is the head, a nested one, and writes."""
    digest, data = leaf("a")
    await put(buffer, checkpoint("c1", roots=[digest]), values={digest: data})
    await put(buffer, checkpoint("c2", "c1"), checkpoint("s", ns="sub"), checkpoint("c1"))
    await buffer.put_writes(None, THREAD, "", "c1", [write("t", 0, roots=[digest])], {})


async def test_a_buffer_is_flushed_in_order_in_the_name_of_its_run(database: Database) -> None:
    buffer, target = BufferedCheckpoints(), SqliteCheckpoints(database)
    await fill(buffer)
    hold_lease(database, LeaseKey(THREAD, "run-1", 3))
    await buffer.flush(target, LeaseKey(THREAD, "run-1", 3))
    assert await ids(target) == await ids(buffer) == ["s", "c2", "c1"]
    assert await head(target) == "c1"
    assert await write_data(target, "c1") == [b"data"]
    found = await target.get(THREAD, "", "c2")
    assert found is not None and (found.parent_id, found.run_id) == ("c1", "run-1")


async def test_a_flush_is_fenced(database: Database) -> None:
    buffer, target = BufferedCheckpoints(), SqliteCheckpoints(database)
    await fill(buffer)
    with pytest.raises(LeaseLost):
        await buffer.flush(target, LeaseKey(THREAD, "run-1", 3))
    assert await ids(target) == []
