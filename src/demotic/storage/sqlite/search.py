"""Builds one search statement from conditions whose values are always bound parameters."""

from collections.abc import Mapping
from typing import Any

import apsw

from demotic.domain.model import Json, Page
from demotic.storage.sqlite import rows
from demotic.storage.sqlite.statements import first


class Search:
    """A search over one table (`source`: a table, with joins where needed) for what has a `key`."""

    def __init__(self, source: str, key: str = "id") -> None:
        self._source, self._key = source, key
        self._conditions: list[str] = ["1"]
        self._values: list[Any] = []

    def where(self, condition: str, *values: Any) -> None:
        """Add a condition; `condition` is our own text, never a caller's."""
        self._conditions.append(condition)
        self._values += values

    def equals(self, column: str, value: Any) -> None:
        """Add an equality, unless the value is None."""
        if value is not None:
            self.where(f"{column} = ?", value)

    def within(self, column: str, wanted: Mapping[str, Json] | None) -> None:
        """The column's JSON must contain `wanted` (nothing wanted: no condition)."""
        if wanted:
            self.where(f"json_within({column}, ?)", rows.dump(wanted))

    def every(self, c: apsw.Connection) -> list[Any]:
        """The keys of all that matches."""
        conditions = " AND ".join(self._conditions)
        statement = f"SELECT {self._key} FROM {self._source} WHERE {conditions}"
        return [key for (key,) in c.execute(statement, tuple(self._values)).fetchall()]

    def keys(
        self, c: apsw.Connection, sort: str, descending: bool, limit: int, offset: int
    ) -> Page:
        """As `page`, but only the keys: what is skipped or sorted need not leave an index."""
        page = self.page(c, self._key, sort, descending, limit, offset)
        return Page([key for (key,) in page.items], page.total)

    def page(
        self,
        c: apsw.Connection,
        columns: str,
        sort: str,
        descending: bool,
        limit: int,
        offset: int,
    ) -> Page:
        """Rows of a slice, and how many match in all."""
        found = self.slice(c, columns, sort, descending, limit, offset) if limit else []
        if found and len(found) < limit:
            return Page(found, offset + len(found))
        (total,) = first(c, f"SELECT count(*) {self._rest}", tuple(self._values))
        return Page(found, total)

    def slice(
        self,
        c: apsw.Connection,
        columns: str,
        sort: str,
        descending: bool,
        limit: int,
        offset: int,
    ) -> list[Any]:
        """Rows of a slice."""
        order = "DESC" if descending else "ASC"
        sorting = f"ORDER BY {sort} {order}, {self._key} {order} LIMIT ? OFFSET ?"
        statement = f"SELECT {columns} {self._rest} {sorting}"
        return c.execute(statement, (*self._values, limit, offset)).fetchall()

    @property
    def _rest(self) -> str:
        return f"FROM {self._source} WHERE {' AND '.join(self._conditions)}"
