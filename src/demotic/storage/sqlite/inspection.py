"""Looks at a data directory from outside: who holds it, what is in it, whether it is sound."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import apsw

from demotic.domain.errors import StorageUnavailable
from demotic.storage.sql.migrate import migrations
from demotic.storage.sqlite.database import DirectoryLock

STEPS = 100_000  # of SQLite's machine, between two looks at the clock


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found. `problems` are SQLite's own words; None: the check took too long."""

    size: int
    schema: int
    problems: tuple[str, ...] | None


def newest_schema() -> int:
    """The schema that this Demotic writes."""
    return len(migrations(__package__))


def holder(directory: Path) -> str | None:
    """What to say of the process that uses the directory; None: it is free."""
    if not (directory / "lock").exists():
        return None
    try:
        DirectoryLock(directory).close()
    except StorageUnavailable as error:
        return error.message
    return None


def inspect(path: Path, patience_s: float) -> Findings:
    """Look at a database without changing it. Raises `StorageUnavailable`.

    The check of every page ends after `patience_s` seconds at the latest.
    """
    deadline = time.monotonic() + patience_s
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
            schema = int(connection.pragma("user_version") or 0)
            return Findings(_size(path), schema, _problems(connection))
        finally:
            connection.close()
    except apsw.Error as error:
        raise StorageUnavailable(f"The database {path} cannot be read: {error}") from error


def _problems(connection: apsw.Connection) -> tuple[str, ...] | None:
    try:
        said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
    except apsw.InterruptError:
        return None
    return tuple(each for each in said if each != "ok")


def _size(path: Path) -> int:
    files = [path, path.with_name(path.name + "-wal")]
    return sum(os.stat(each).st_size for each in files if each.exists())
