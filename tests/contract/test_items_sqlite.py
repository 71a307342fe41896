"""The contract of items with vectors on SQLite, in memory and in a file, and what only SQLite can
show."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demotic.domain.errors import StorageUnavailable
from demotic.domain.filters import OPERATORS, matches
from demotic.domain.items import Item, ItemQuery
from demotic.domain.model import EVERYTHING
from demotic.ports.items import ItemStorage, ItemWrite
from demotic.storage.sqlite import item_search
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.testing.storage_builders import SECOND, T0
from demotic.testing.storage_items import INDEX, ItemIndexContract, keys, put


class TestInMemory(ItemIndexContract):
    """The contract on `:memory:`."""

    @pytest.fixture
    def storage(self) -> Iterator[ItemStorage]:
        """An empty storage."""
        database = Database(None, vectors=True)
        yield SqliteStorage(database)
        database.close()


class TestInAFile(ItemIndexContract):
    """The contract on a file with separate readers."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[ItemStorage]:
        """An empty storage."""
        database = Database(tmp_path / "demotic.db", vectors=True)
        yield SqliteStorage(database)
        database.close()


async def test_an_index_needs_a_database_with_vectors(tmp_path: Path) -> None:
    database = Database(None)
    with pytest.raises(StorageUnavailable, match="opened without vectors"):
        await SqliteStorage(database).open_index(INDEX, now_us=T0)
    database.close()


def test_a_missing_extension_is_told_when_the_database_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sqlite_vec", None)
    with pytest.raises(StorageUnavailable, match="pip install sqlite-vec"):
        Database(tmp_path / "demotic.db", vectors=True)
    Database(tmp_path / "demotic.db").close()


def test_an_extension_that_does_not_load_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite_vec  # type: ignore[import-untyped]  # it has no types

    monkeypatch.setattr(sqlite_vec, "loadable_path", lambda: str(tmp_path / "nothing"))
    with pytest.raises(StorageUnavailable, match="Vectors cannot be compared"):
        Database(None, vectors=True)


async def listed(storage: ItemStorage, **query: Any) -> list[Item]:
    """What a search finds."""
    wanted = ItemQuery(**query)
    return [*await storage.search_items(wanted, None, scope=EVERYTHING, now_us=T0 + SECOND)]


async def test_many_items_are_found_in_the_same_order_as_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = Database(None)
    storage = SqliteStorage(database)
    for n in range(40):
        value = {"third": n % 3, "half": "ab"[n % 2]}
        await put(storage, f"{'ab'[n % 2]}.{n % 3}/{n}", value, now_us=T0 + n * 7 % 11)
    searches: list[dict[str, Any]] = [
        {"prefix": ("a",), "limit": 50},
        {"prefix": ("a", "1"), "limit": 3, "offset": 2},
        {"prefix": ("b",), "filters": {"third": 1}},
        {"filters": {"third": {"$eq": 2}, "half": "a"}, "limit": 3, "offset": 1},
    ]
    sorted_few = [await listed(storage, **each) for each in searches]
    monkeypatch.setattr(item_search, "FEW", 1)
    assert [await listed(storage, **each) for each in searches] == sorted_few
    monkeypatch.setattr(item_search, "RARE", 1)
    assert [await listed(storage, **each) for each in searches] == sorted_few
    assert all(sorted_few)
    database.close()


async def test_the_search_of_everything_goes_through_an_index() -> None:
    statements: list[str] = []
    database = Database(None)
    storage = SqliteStorage(database)
    await put(storage, "a/1", {"kind": "x"})

    def trace(cursor: apsw.Cursor, statement: str, bindings: Any) -> bool:
        statements.append(statement)
        return True

    await database.write("trace", lambda c: setattr(c, "exec_trace", trace))
    assert await keys(storage) == ["1"]
    await database.write("trace", lambda c: setattr(c, "exec_trace", None))
    [search] = [each for each in statements if "ORDER BY i.updated_us" in each]
    plan = await database.read(
        "plan", lambda c: c.execute(f"EXPLAIN QUERY PLAN {search}", (0, 1, 0)).fetchall()
    )
    assert [row[3] for row in plan] == ["SCAN i USING COVERING INDEX item_updated"]
    database.close()


async def item_values(database: Database) -> list[Any]:
    """The index of items' values."""
    return await database.read("all", lambda c: c.execute("SELECT * FROM item_value").fetchall())


async def test_a_value_that_has_changed_or_is_gone_is_not_found_by_the_old_one() -> None:
    database = Database(None)
    storage = SqliteStorage(database)
    for key in ("changed", "gone", "kept"):
        await put(storage, f"a/{key}", {"kind": "x", "n": 1})
    await put(storage, "a/changed", {"kind": "y"})
    gone = ItemWrite(namespace=("a",), key="gone", value=None)
    await storage.put_items([gone], scope=EVERYTHING, now_us=T0)
    assert [each.key for each in await listed(storage, filters={"kind": "x"})] == ["kept"]
    assert [each.key for each in await listed(storage, filters={"kind": "y"})] == ["changed"]
    assert len(await item_values(database)) == 3
    database.close()


async def test_items_of_an_earlier_version_are_found_by_their_values(tmp_path: Path) -> None:
    database = Database(tmp_path / "demotic.db")
    await put(SqliteStorage(database), "a/1", {"kind": 'say "ü"', "n": 1.0, "deep": {"n": 2}})
    before = await item_values(database)
    await database.write("undo", _undo)
    database.close()
    database = Database(tmp_path / "demotic.db")
    after = await item_values(database)
    assert after == before and len(after) == 2
    database.close()


def _undo(connection: apsw.Connection) -> None:
    """The schema before there was an index of items' values."""
    connection.execute("DROP TABLE item_value")
    connection.pragma("user_version", 7)


KEYS = st.sampled_from(["a", "b", "a.b", 'q"', "b\\", "ü", "", "$", "a]", "\n"])
ODD = ["x", "", "1", " 1", "1e0", 'say "x"', "\\", "\x1f", "😀", "inf", "nan", "z" * 40]
NUMBERS = st.sampled_from([0, 1, -1, 1.0, 0.5, 2**53, 2**53 + 1, 2**63, 2**64 - 1, 1e300, -1e-9])
PLAIN = st.none() | st.booleans() | NUMBERS | st.sampled_from(ODD)
VALUES = st.dictionaries(
    KEYS, PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(KEYS, PLAIN, max_size=2), max_size=3
)
FILTERS = st.dictionaries(
    KEYS,
    PLAIN
    | st.dictionaries(st.sampled_from(OPERATORS), PLAIN, min_size=1, max_size=2)
    | st.dictionaries(KEYS.filter(lambda key: key != "$"), PLAIN, max_size=1)
    | st.lists(PLAIN, max_size=2),
    min_size=1,
    max_size=2,
)


@settings(max_examples=300, deadline=None)
@given(values=st.lists(VALUES, min_size=1, max_size=8), filters=FILTERS)
def test_what_is_found_is_what_the_filters_match(
    values: list[dict[str, Any]], filters: dict[str, Any]
) -> None:
    database = Database(None)
    storage = SqliteStorage(database)
    writes = [ItemWrite(namespace=("a",), key=str(n), value=v) for n, v in enumerate(values)]
    storage.put_items(writes, scope=EVERYTHING, now_us=T0).result()
    query = ItemQuery(filters=filters, limit=100)
    found = storage.search_items(query, None, scope=EVERYTHING, now_us=T0).result()
    wanted = {str(n) for n, value in enumerate(values) if matches(value, filters)}
    assert {each.key for each in found} == wanted
    database.close()
