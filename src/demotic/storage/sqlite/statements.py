"""This backend's named statements, and typed ways to run them."""

from typing import Any

import apsw

from demotic.storage.sql.queries import Queries

Q = Queries(__package__, "queries.sql")


def first(c: apsw.Connection, statement: str, values: tuple[Any, ...]) -> Any:
    """The first row that a statement gives, or None."""
    return c.execute(statement, values).fetchone()


def every(c: apsw.Connection, statement: str, values: tuple[Any, ...]) -> list[Any]:
    """All rows that a statement gives."""
    return c.execute(statement, values).fetchall()
