"""The storage contract on SQLite, in memory and in a file, and what only a file can show."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import apsw
import pytest

from demotic.domain.errors import StorageUnavailable
from demotic.domain.ids import uuid7
from demotic.domain.model import EVERYTHING
from demotic.ports.checkpoints import Checkpoints
from demotic.ports.storage import Storage
from demotic.storage import sqlite
from demotic.storage.sql.migrate import migrations
from demotic.storage.sqlite import copying, threads
from demotic.storage.sqlite.checkpoints import SqliteCheckpoints
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.testing.checkpoint_builders import checkpoint, leaf
from demotic.testing.storage import StorageContract
from demotic.testing.storage_builders import DONE, T0, claimed, make_thread, prepare
from demotic.testing.storage_parts import CopyContract


class OnSqlite(StorageContract):
    """The contract on a database."""

    @pytest.fixture
    async def storage(self, database: Database) -> Storage:
        """Its storage."""
        return SqliteStorage(database)

    @pytest.fixture
    def checkpoints(self, database: Database) -> Checkpoints:
        """Its checkpoints."""
        return SqliteCheckpoints(database)


class TestInMemory(OnSqlite):
    """The contract on `:memory:`."""

    @pytest.fixture
    def database(self) -> Iterator[Database]:
        """An empty database."""
        database = Database(None)
        yield database
        database.close()


class TestInAFile(OnSqlite):
    """The contract on a file with separate readers."""

    @pytest.fixture
    def database(self, tmp_path: Path) -> Iterator[Database]:
        """An empty database."""
        database = Database(tmp_path / "data" / "demotic.db")
        yield database
        database.close()


async def test_a_second_engine_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path / "demotic.db")
    with pytest.raises(StorageUnavailable, match="in use by another Demotic process"):
        Database(tmp_path / "demotic.db")
    database.close()
    Database(tmp_path / "demotic.db").close()


async def test_what_was_committed_is_there_after_reopening(tmp_path: Path) -> None:
    storage = SqliteStorage(Database(tmp_path / "demotic.db"))
    thread_id = await make_thread(storage)
    await storage.close()
    storage = SqliteStorage(Database(tmp_path / "demotic.db"))
    assert (await storage.get_thread(thread_id, scope=EVERYTHING)).id == thread_id
    await storage.close()


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "demotic.db"
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 999)
    connection.close()
    with pytest.raises(StorageUnavailable, match="newer Demotic"):
        Database(path)


async def test_values_and_documents_of_an_earlier_version_are_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrations(sqlite.__package__)
    with monkeypatch.context() as earlier:
        earlier.setattr("demotic.storage.sqlite.database.migrations", lambda package: known[:8])
        storage = SqliteStorage(database := Database(tmp_path / "demotic.db"))
    await prepare(storage)
    run = await claimed(storage)
    digest, data = leaf("a")
    stored = checkpoint("c1", roots=[digest])
    await SqliteCheckpoints(database).put(None, run.key.thread_id, stored, {digest: data})
    await storage.finish_run(run.key, DONE, [], now_us=T0)
    await storage.close()
    storage = SqliteStorage(database := Database(tmp_path / "demotic.db"))
    found = await SqliteCheckpoints(database).get(run.key.thread_id, "", None)
    assert found is not None and dict(found.values) == {digest: data}
    outcome = await storage.get_outcome(run.run.id)
    assert outcome is not None and outcome.values == DONE.values
    await storage.close()


async def test_a_refused_job_does_not_harm_those_it_is_committed_with() -> None:
    database = Database(None)

    def insert(connection: apsw.Connection, key: str) -> None:
        connection.execute("INSERT INTO tombstone VALUES (?, 1, 1)", (key,))
        if key == "bad":
            raise ValueError(key)

    answers = {
        key: database.write("insert", partial(insert, key=key)) for key in ("one", "bad", "two")
    }
    await answers["one"]
    await answers["two"]
    with pytest.raises(ValueError, match="bad"):
        await answers["bad"]
    rows = await database.read(
        "list", lambda c: c.execute("SELECT thread_id FROM tombstone ORDER BY 1").fetchall()
    )
    assert rows == [("one",), ("two",)]
    database.close()


class TestCopiesInManyParts(CopyContract):
    """Copies of threads, each row a part of its own."""

    @pytest.fixture
    def database(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
        """An empty database."""
        monkeypatch.setattr(copying, "WINDOW", 1)
        monkeypatch.setattr(copying, "ROWS", 1)
        database = Database(tmp_path / "demotic.db")
        yield database
        database.close()

    @pytest.fixture
    async def storage(self, database: Database) -> Storage:
        """Its storage."""
        return SqliteStorage(database)

    @pytest.fixture
    def checkpoints(self, database: Database) -> Checkpoints:
        """Its checkpoints."""
        return SqliteCheckpoints(database)


async def test_a_copy_that_its_process_did_not_live_to_end_is_gone_at_the_next_start(
    tmp_path: Path,
) -> None:
    database = Database(tmp_path / "demotic.db")
    storage, checkpoints = SqliteStorage(database), SqliteCheckpoints(database)
    source, target = await make_thread(storage), uuid7(1)
    digest, data = leaf("a")
    await checkpoints.put(None, source, checkpoint("c1", roots=[digest]), {digest: data})
    begun = partial(threads.begin_copy, source_id=source, target_id=target, now_us=1)
    copy = await database.write("begin_copy", lambda c: begun(c, scope=EVERYTHING))
    await database.write("copy_part", lambda c: copying.copy_checkpoints(c, copy, 0))
    await database.write("copy_part", lambda c: copying.copy_values(c, copy, copying.NOTHING))
    await storage.close()
    storage = SqliteStorage(database := Database(tmp_path / "demotic.db"))
    await storage.rescue_runs(now_us=2, worker="the next one")

    def left(connection: apsw.Connection) -> list[int]:
        tables = ("thread", "checkpoint", "checkpoint_head", "checkpoint_value", "thread_copy")
        return [len(connection.execute(f"SELECT 1 FROM {table}").fetchall()) for table in tables]

    assert await database.read("left", left) == [1, 1, 1, 1, 0]
    await storage.close()


async def test_a_copy_leaves_the_writer_free_between_its_parts(tmp_path: Path) -> None:
    jobs: list[str] = []
    database = Database(tmp_path / "demotic.db", probe=jobs.append)
    storage, checkpoints = SqliteStorage(database), SqliteCheckpoints(database)
    source = await make_thread(storage)
    leaves = dict(leaf(str(n) * 3_000_000) for n in range(4))
    stored = checkpoint("c1", roots=list(leaves))
    await checkpoints.put(None, source, stored, leaves)
    target = uuid7(1)
    await storage.copy_thread(source, target, scope=EVERYTHING, now_us=1)
    copied = await checkpoints.get(target, "", None)
    assert copied is not None and dict(copied.values) == leaves
    assert jobs.count("copy_part:committed") >= len(leaves), "large values are parts of their own"
    await storage.close()
