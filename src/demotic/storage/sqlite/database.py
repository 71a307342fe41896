"""One SQLite database: its lock, its schema, the writer thread with group commit, the readers.

Every write is a job: a function of a connection, run inside a savepoint of its own, so that a
refused job never harms the jobs it is committed with. All jobs that are waiting are committed
together.
"""

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import apsw

from demotic.domain.errors import StorageUnavailable
from demotic.storage.sql.containment import json_within
from demotic.storage.sql.migrate import migrations
from demotic.storage.sqlite import documents, item_search, vectors

T = TypeVar("T")
Job = Callable[[apsw.Connection], T]
Probe = Callable[[str], None]

MAX_BATCH = 256  # jobs per commit
READERS = 2  # reader threads


def no_probe(_: str) -> None:
    """The probe of a server in earnest: nothing happens."""


class Pending(Generic[T]):
    """A submitted job and its answer: `await` it, or block for its `result()`.

    The thread that runs the job sets `done` before it looks for someone waiting; who waits says
    so before looking at `done`. So nobody is left waiting, and no lock is needed.
    """

    __slots__ = ("_event", "_probe", "_waiter", "done", "error", "job", "name", "value")

    def __init__(self, name: str, job: Job[T], probe: Probe) -> None:
        self.name, self.job, self._probe = name, job, probe
        self.value: T | None = None
        self.error: BaseException | None = None
        self.done = False
        self._event: threading.Event | None = None
        self._waiter: asyncio.Future[None] | None = None

    def result(self) -> T:
        """Block until the job is committed."""
        event = self._event = threading.Event()
        if not self.done:
            event.wait()
        return self._answer()

    def __await__(self) -> Generator[Any, None, T]:
        if not self.done:
            waiter = self._waiter = asyncio.get_running_loop().create_future()
            if not self.done:
                yield from waiter
        return self._answer()

    def resolve(self) -> "asyncio.Future[None] | None":
        """The job is over; returns the future that has to be woken on its loop."""
        self.done = True
        if self._event is not None:
            self._event.set()
        return self._waiter

    def _answer(self) -> T:
        self._probe(f"{self.name}:answered")
        if self.error is not None:
            raise self.error
        return cast(T, self.value)


def _resolve(batch: "Sequence[Pending[Any]]") -> None:
    """Tell whoever waits for these jobs, with one message per event loop."""
    waiters: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for pending in batch:
        if (waiter := pending.resolve()) is not None:
            waiters.setdefault(waiter.get_loop(), []).append(waiter)
    for loop, woken in waiters.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_wake, woken)


def _wake(waiters: "list[asyncio.Future[None]]") -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)


class DirectoryLock:
    """Holds a data directory for one engine process, until closed or the process ends."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / "lock"
        self._file = open(self._path, "a+")
        try:
            _lock_file(self._file.fileno())
        except OSError:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise StorageUnavailable(
                f"The data directory {directory} is in use by another Demotic process "
                f"(pid {holder}). Stop it, or choose another directory with --data-dir."
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def close(self) -> None:
        """Give the directory free."""
        self._file.close()


def _lock_file(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Database:
    """One SQLite database. `path` None: in memory, where the writer also reads.

    `synchronous` is `normal` (survives a killed process; a power loss may cost the last
    commits) or `full`. `vectors`: items are found by meaning, which needs an extension.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        synchronous: str = "normal",
        probe: Probe = no_probe,
        vectors: bool = False,
    ) -> None:
        self._path = str(path) if path else ":memory:"
        self._synchronous, self._vectors = synchronous, vectors
        self._probe = probe
        self._jobs: queue.SimpleQueue[Pending[Any] | None] = queue.SimpleQueue()
        self._reads: queue.SimpleQueue[Pending[Any] | None] = queue.SimpleQueue()
        self._closed = False
        self._lock = DirectoryLock(path.parent) if path else None
        try:
            self._connection = self._open()
            self._migrate(self._connection)
        except apsw.Error as error:
            self._unlock()
            raise StorageUnavailable(f"Cannot open the database {self._path}: {error}") from error
        except BaseException:
            self._unlock()
            raise
        self._threads = [threading.Thread(target=self._write_loop, name="demotic-writer")]
        if path:
            self._threads += [
                threading.Thread(target=self._read_loop, name=f"demotic-reader-{n}")
                for n in range(READERS)
            ]
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def write(self, name: str, job: Job[T]) -> Pending[T]:
        """Submit a job that writes; it is answered once it is committed."""
        return self._submit(self._jobs, name, job)

    def read(self, name: str, job: Job[T]) -> Pending[T]:
        """Submit a job that reads what is committed."""
        return self._submit(self._reads if len(self._threads) > 1 else self._jobs, name, job)

    def close(self) -> None:
        """Finish the submitted jobs, stop the threads, release the lock."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        for _ in self._threads[1:]:
            self._reads.put(None)
        for thread in self._threads:
            thread.join()
        self._connection.close()
        self._unlock()

    def _submit(
        self, jobs: "queue.SimpleQueue[Pending[Any] | None]", name: str, job: Job[T]
    ) -> Pending[T]:
        if self._closed:
            raise StorageUnavailable("The storage is closed.")
        self._probe(f"{name}:submitted")
        pending = Pending(name, job, self._probe)
        jobs.put(pending)
        return pending

    def _open(self) -> apsw.Connection:
        connection = apsw.Connection(self._path, statementcachesize=256)
        connection.set_busy_timeout(10_000)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", self._synchronous)
        connection.pragma("foreign_keys", True)
        connection.pragma("temp_store", "memory")
        connection.pragma("cache_size", -16_000)  # KiB, per connection
        connection.create_scalar_function("json_within", json_within, 2, deterministic=True)
        documents.register(connection)
        item_search.register(connection)
        if self._vectors:
            vectors.load(connection)
        return connection

    def _migrate(self, connection: apsw.Connection) -> None:
        version = int(connection.pragma("user_version") or 0)
        known = migrations(__package__)
        if version > len(known):
            raise StorageUnavailable(
                f"The database {self._path} was written by a newer Demotic "
                f"(schema {version}, this one knows {len(known)}). Upgrade Demotic."
            )
        for migration in known[version:]:
            with connection:
                connection.execute(migration.sql)
                connection.pragma("user_version", migration.number)

    def _unlock(self) -> None:
        if self._lock:
            self._lock.close()

    def _write_loop(self) -> None:
        while True:
            task = self._jobs.get()
            if task is None:
                return
            batch, stop = [task], False
            while len(batch) < MAX_BATCH and not self._jobs.empty():
                task = self._jobs.get()
                if task is None:
                    stop = True
                    break
                batch.append(task)
            self._commit(batch)
            _resolve(batch)
            if stop:
                return

    def _commit(self, batch: list[Pending[Any]]) -> None:
        """Commit all jobs together; those that refuse roll back alone.

        Hardly any refuses, so savepoints, which cost a fifth of the work, are only set when one
        has: the batch is rolled back and done again. A job must stand being run twice.
        """
        connection = self._connection
        try:
            if not self._all_at_once(connection, batch):
                connection.execute("BEGIN IMMEDIATE")
                for task in batch:
                    self._run(connection, task)
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            failure = StorageUnavailable(f"The database cannot be written: {error}")
            failure.__cause__ = error
            for task in batch:
                task.error = task.error or failure
            return
        for task in batch:
            self._probe(f"{task.name}:committed")

    def _all_at_once(self, connection: apsw.Connection, batch: list[Pending[Any]]) -> bool:
        """Run the jobs in one open transaction; false, and nothing done, when one refuses."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            for task in batch:
                task.value = task.job(connection)
                self._probe(f"{task.name}:executed")
        except Exception:
            connection.execute("ROLLBACK")
            return False
        return True

    def _run(self, connection: apsw.Connection, task: Pending[Any]) -> None:
        connection.execute("SAVEPOINT job")
        try:
            task.value = task.job(connection)
        except Exception as error:
            task.error = error
            connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        self._probe(f"{task.name}:executed")

    def _read_loop(self) -> None:
        connection = self._open()
        while (task := self._reads.get()) is not None:
            try:
                with connection:
                    task.value = task.job(connection)
            except Exception as error:
                task.error = error
            _resolve([task])
        connection.close()
