"""Work on a database beside the server that uses it: for tools, one operation at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from demotic.domain.deliveries import Delivery, DeliveryQuery
from demotic.domain.errors import StorageUnavailable
from demotic.domain.model import EVERYTHING, Page
from demotic.storage.sql.containment import json_within
from demotic.storage.sqlite import outbox
from demotic.storage.sqlite.inspection import newest_schema


def search_deliveries(path: Path, query: DeliveryQuery) -> Page:
    """A page of the log of callbacks, newest first. Raises `StorageUnavailable`."""
    with _opened(path, apsw.SQLITE_OPEN_READONLY) as connection:
        return outbox.search(connection, query, EVERYTHING)


def redeliver(path: Path, delivery_id: str, *, now_us: int) -> Delivery:
    """Make a delivery due now: a server at work takes it within a second, others at their start.

    Raises `DeliveryNotFound`, `StorageUnavailable`.
    """
    with _opened(path, apsw.SQLITE_OPEN_READWRITE) as connection:
        with connection:  # one transaction
            found = outbox.redeliver(connection, delivery_id, EVERYTHING, now_us)
        return found


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[apsw.Connection]:
    """A connection to a database of this Demotic's schema."""
    if not path.exists():
        raise StorageUnavailable(f"There is no database {path}: no server has run there yet.")
    try:
        connection = apsw.Connection(str(path), flags=flags)
        try:
            connection.set_busy_timeout(10_000)
            connection.create_scalar_function("json_within", json_within, 2, deterministic=True)
            _check_schema(path, int(connection.pragma("user_version") or 0))
            yield connection
        finally:
            connection.close()
    except apsw.Error as error:
        raise StorageUnavailable(f"The database {path} cannot be used: {error}") from error


def _check_schema(path: Path, found: int) -> None:
    if found != newest_schema():
        fix = "Upgrade Demotic." if found > newest_schema() else "Start the server once."
        raise StorageUnavailable(
            f"The database {path} has the schema {found}, this Demotic {newest_schema()}. {fix}"
        )
