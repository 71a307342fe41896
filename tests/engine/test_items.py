"""Items as callers have them: rules, time to live, meaning."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from demotic.agents.langgraph.embeddings import load_embedder
from demotic.domain.errors import BadInput, EmbeddingFailed, ItemNotFound, NamespaceRefused
from demotic.domain.items import (
    Item,
    ItemIndex,
    ItemLookup,
    ItemQuery,
    ItemRemoval,
    ItemRules,
    NamespaceQuery,
    NewItem,
)
from demotic.domain.model import EVERYTHING, Json, Scope
from demotic.engine.items import Items
from demotic.ports.items import Embedder, ItemOperation
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.testing.clock import FakeClock
from embedders import DIMS
from house import House, open_house

HERE = Path(__file__).parents[1]
INDEX = ItemIndex(dims=DIMS, embed="embedders:count", fields=("text",))


def new(key: str, **value: Json) -> NewItem:
    """An item under `a`."""
    return NewItem(namespace=("a",), key=key, value=value)


async def store(items: Items, *all: NewItem) -> None:
    """Store items one after the other."""
    for each in all:
        await items.put(each, EVERYTHING)


async def found(items: Items, **query: object) -> list[str]:
    """The keys of what a search finds."""
    wanted = ItemQuery(**query)  # type: ignore[arg-type]  # as the caller gives them
    return [each.key for each in await items.search(wanted, EVERYTHING)]


@asynccontextmanager
async def indexed(
    target: str = "embedders:count",
    *,
    index: ItemIndex = INDEX,
    database: Database | None = None,
    embedder: Embedder | None = None,
) -> AsyncIterator[Items]:
    """Items that are found by meaning."""
    own = database or Database(None, vectors=True)
    items = Items(
        SqliteStorage(own),
        FakeClock(),
        ItemRules(index=index),
        embedder or load_embedder(target, HERE),
    )
    await items.open()
    yield items
    if database is None:
        own.close()


async def test_an_item_is_stored_read_found_and_deleted(house: House) -> None:
    items = house.engine.items
    await store(items, new("k", n=1), new("l", n=2))
    got = await items.get(("a",), "k", EVERYTHING)
    assert isinstance(got, Item) and got.value == b'{"n":1}'
    assert await found(items, prefix=("a",), filters={"n": {"$gt": 1}}) == ["l"]
    assert await items.namespaces(NamespaceQuery(), EVERYTHING) == [("a",)]
    await items.delete(("a",), "k", EVERYTHING)
    assert await items.get(("a",), "k", EVERYTHING) is None


async def test_what_is_not_there_is_an_error_only_where_it_is_asked_for(house: House) -> None:
    items = house.engine.items
    await items.delete(("a",), "k", EVERYTHING)
    with pytest.raises(ItemNotFound, match="no item 'k' in namespace"):
        await items.get(("a",), "k", EVERYTHING, must_exist=True)
    with pytest.raises(ItemNotFound):
        await items.delete(("a",), "k", EVERYTHING, must_exist=True)
    await store(items, new("k"))
    assert await items.get(("a",), "k", EVERYTHING, must_exist=True)
    await items.delete(("a",), "k", EVERYTHING, must_exist=True)


async def test_a_callers_scope_bounds_what_is_seen_and_stored(house: House) -> None:
    items, hers = house.engine.items, Scope(namespaces=[("b",)])
    await store(items, new("k"))
    assert await items.get(("a",), "k", hers) is None
    assert await items.search(ItemQuery(), hers) == []
    assert await items.namespaces(NamespaceQuery(), hers) == []
    with pytest.raises(NamespaceRefused, match="is not yours"):
        await items.put(new("k"), hers)


@pytest.mark.parametrize(
    "operation",
    [
        NewItem(namespace=("a.b",), key="k", value={}),
        NewItem(namespace=(), key="k", value={}),
        NewItem(namespace=("a",), key="\0", value={}),
        NewItem(namespace=("a",), key="k", value={"x": {1}}),
        NewItem(namespace=("a",), key="k", value={"x": 2**70}),
        NewItem(namespace=("a",), key="k", value={}, ttl_s=0),
        NewItem(namespace=("a",), key="k", value={}, index="text"),
        ItemLookup(("",), "k"),
        ItemRemoval(("a", "b."), "k"),
        ItemQuery(prefix=("a.b",)),
        ItemQuery(limit=-1),
        ItemQuery(filters={"a": {"$in": []}}),
        NamespaceQuery(prefixes=[("*", "")]),
        NamespaceQuery(offset=2**64),
    ],
)
async def test_what_cannot_be_done_is_refused_and_nothing_of_its_batch_is_done(
    house: House, operation: NewItem
) -> None:
    items = house.engine.items
    with pytest.raises(BadInput):
        await items.perform([new("other"), operation])
    with pytest.raises(BadInput):
        await asyncio.to_thread(items.perform_now, [new("other"), operation])
    assert await found(items) == []


async def test_a_batch_reads_before_it_writes_and_the_last_write_counts(house: House) -> None:
    items = house.engine.items
    await store(items, new("k", n=0))
    batch: list[ItemOperation] = [
        new("k", n=1),
        ItemLookup(("a",), "k"),
        ItemQuery(prefix=("a",)),
        new("k", n=2),
        NamespaceQuery(),
        ItemRemoval(("a",), "l"),
        ItemLookup(("a",), "l"),
        new("l", n=3),
    ]
    answers = await items.perform(batch)
    assert answers[1].value == b'{"n":0}'
    assert [each.key for each in answers[2]] == ["k"]
    assert (answers[0], answers[4]) == (None, [("a",)])
    again = await asyncio.to_thread(items.perform_now, batch)
    assert again[1].value == b'{"n":2}'
    assert [each.key for each in again[2]] == ["l", "k"]
    got = await items.perform([ItemLookup(("a",), "k"), ItemLookup(("a",), "l")])
    assert [each.value for each in got] == [b'{"n":2}', b'{"n":3}']


async def test_items_live_for_their_time_and_reading_prolongs_it_by_default() -> None:
    clock, database = FakeClock(), Database(None)
    items = Items(SqliteStorage(database), clock, ItemRules(default_ttl_s=60))
    await store(items, new("default"))
    await items.put(NewItem(namespace=("a",), key="ever", value={}, ttl_s=None), EVERYTHING)
    await items.put(NewItem(namespace=("a",), key="short", value={}, ttl_s=1), EVERYTHING)
    clock.advance(50)
    assert await items.get(("a",), "default", EVERYTHING)
    clock.advance(50)
    assert await items.get(("a",), "default", EVERYTHING, refresh=False)
    clock.advance(20)
    assert await found(items) == ["ever"]
    database.close()


async def test_reading_need_not_prolong_it() -> None:
    clock, database = FakeClock(), Database(None)
    rules = ItemRules(default_ttl_s=60, refresh_on_read=False)
    items = Items(SqliteStorage(database), clock, rules)
    await store(items, new("k"), new("l"))
    clock.advance(50)
    assert await found(items) == ["l", "k"]
    assert await items.get(("a",), "l", EVERYTHING, refresh=True)
    clock.advance(20)
    assert await found(items, refresh=True) == ["l"]
    clock.advance(50)
    assert await found(items) == ["l"]
    database.close()


class SweptItems(Items):
    """Items that tell when they have been swept."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        super().__init__(SqliteStorage(database), clock, ItemRules(default_ttl_s=60, sweep_s=0.01))
        self.swept = asyncio.Event()

    async def sweep(self) -> None:
        """Sweep, and tell."""
        await super().sweep()
        self.swept.set()


async def test_a_janitor_sweeps_what_has_expired() -> None:
    clock, database = FakeClock(), Database(None)
    items = SweptItems(database, clock)
    async with open_house(database, clock=clock, items=items):
        await store(items, *(new(str(n)) for n in range(3)))
        await items.put(NewItem(namespace=("a",), key="ever", value={}, ttl_s=None), EVERYTHING)
        clock.advance(61)
        for _ in range(2):  # the first may have begun before
            items.swept.clear()
            await asyncio.wait_for(items.swept.wait(), 5)
        kept = await database.read("keys", lambda c: c.execute("SELECT key FROM item").fetchall())
        assert kept == [("ever",)]
    database.close()


# Meaning


FRUIT = {"text": "an apple and a pear, both fruit"}
CAR = {"text": "a car with an engine and a wheel"}
TARGETS = ["embedders:count", "embedders:count_later", "./embedders.py:counting"]


@pytest.mark.parametrize("target", TARGETS)
async def test_items_are_found_by_meaning_from_every_kind_of_code(target: str) -> None:
    async with indexed(target) as items:
        sign = -1 if target.endswith("counting") else 1
        await store(items, new("fruit", **FRUIT), new("car", **CAR))
        query = ItemQuery(prefix=("a",), text="wheel")
        got = await items.search(query, EVERYTHING)
        scores = {each.key: each.score for each in got}
        assert scores == pytest.approx({"car": sign * 3**-0.5, "fruit": 0}, abs=1e-6)
        assert await asyncio.to_thread(items.perform_now, [query]) == [got]
        assert items.perform_now([query]) == [got]  # on the loop itself, which is blocked
        items.perform_now([new("pear", text="pear")])
        assert len(await found(items, text="pear")) == 3


async def test_fields_are_those_of_the_index_of_the_item_or_none() -> None:
    async with indexed() as items:
        both = {"text": "car", "title": "pear", "tags": ["apple", "fruit"]}
        await store(
            items,
            new("usual", **both),
            NewItem(namespace=("a",), key="title", value=both, index=["title"]),
            NewItem(namespace=("a",), key="tags", value=both, index=["tags[*]", "nothing"]),
            NewItem(namespace=("a",), key="none", value=both, index=False),
            NewItem(namespace=("a",), key="empty", value={"text": ""}),
        )

        async def best(text: str) -> list[str]:
            got = await items.search(ItemQuery(text=text), EVERYTHING)
            return [each.key for each in got if each.score]

        assert await best("car") == ["usual"]
        assert await best("pear") == ["title"]
        assert await best("fruit") == await best("apple") == ["tags"]
        got = await items.search(ItemQuery(text="car"), EVERYTHING)
        assert [each.key for each in got if each.score is None] == ["empty", "none"]


async def test_the_same_text_is_embedded_once_a_batch() -> None:
    asked: list[tuple[list[str], bool]] = []

    class Watched:
        """An embedder that remembers."""

        async def embed(self, texts: Sequence[str], *, query: bool) -> list[list[float]]:
            asked.append((list(texts), query))
            return [[1.0] * DIMS for _ in texts]

        def embed_now(self, texts: Sequence[str], *, query: bool) -> list[list[float]]:
            raise AssertionError("nobody blocks here")

    async with indexed(embedder=Watched()) as items:
        query = ItemQuery(text="x")
        await items.perform([new("k", text="x"), new("l", text="x"), query, query, ItemQuery()])
        await items.perform([ItemQuery(text=""), ItemLookup(("a",), "k")])
        assert asked == [(["x"], False), (["x"], True)]


async def test_other_writers_go_on_while_an_embedder_is_slow() -> None:
    gate = asyncio.Event()

    class Slow:
        """An embedder that waits."""

        async def embed(self, texts: Sequence[str], *, query: bool) -> list[list[float]]:
            await gate.wait()
            return [[1.0] * DIMS for _ in texts]

        def embed_now(self, texts: Sequence[str], *, query: bool) -> list[list[float]]:
            raise AssertionError("nobody blocks here")

    async with indexed(embedder=Slow()) as items:
        slow = asyncio.create_task(items.put(new("slow", text="x"), EVERYTHING))
        await asyncio.wait_for(items.put(new("quick"), EVERYTHING), 5)
        assert await found(items) == ["quick"]
        gate.set()
        await asyncio.wait_for(slow, 5)
        assert await found(items) == ["slow", "quick"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("embedders:broken", "ConnectionError: no route to the model"),
        ("embedders:short", f"a vector of 1 numbers; store.index.dims is {DIMS}"),
        ("embedders:few", "made 0 vectors of 1 texts"),
        ("embedders:endless", "is not finite"),
    ],
)
async def test_an_embedder_that_fails_is_told_and_nothing_is_stored(target: str, said: str) -> None:
    async with indexed(target, index=ItemIndex(dims=DIMS, embed=target)) as items:
        for text in ("stored", None):
            operation = new("k", x=1) if text else ItemQuery(text="x")
            with pytest.raises(EmbeddingFailed, match=said) as caught:
                await items.perform([operation])
            assert target in caught.value.message
            with pytest.raises(EmbeddingFailed, match=said):
                items.perform_now([operation])
        assert await found(items) == []


def test_an_index_needs_an_embedder() -> None:
    database = Database(None, vectors=True)
    with pytest.raises(ValueError, match="An index needs what makes its vectors"):
        Items(SqliteStorage(database), FakeClock(), ItemRules(index=INDEX))
    database.close()


async def test_without_an_index_a_text_searches_plainly(house: House) -> None:
    await store(house.engine.items, new("k"), new("l"))
    got = await house.engine.items.search(ItemQuery(text="anything"), EVERYTHING)
    assert [(each.key, each.score) for each in got] == [("l", None), ("k", None)]


async def test_a_changed_index_is_told_and_forgets_nothing() -> None:
    database = Database(None, vectors=True)
    async with indexed(database=database) as items:
        await store(items, new("old", text="pear"))
    other = ItemIndex(dims=DIMS, embed="embedders:count_later", fields=("text",))
    with capture_logs() as logs:
        async with indexed(index=other, database=database) as items:
            await store(items, new("new", text="pear"))
            assert await found(items, text="pear") == ["new", "old"]
    [entry] = logs
    assert (entry["items"], entry["was"]) == (1, "6 dims, embedders:count")
    assert "another store.index" in entry["event"] and "Store them again" in entry["fix"]
    titles = ItemIndex(dims=DIMS, embed="embedders:count", fields=("title",))
    with capture_logs() as logs:
        async with indexed(index=titles, database=database) as items:
            assert await found(items, text="pear") == ["old", "new"]
    assert [each["items"] for each in logs if "items" in each] == [1]
    with capture_logs() as logs:
        async with indexed(database=database) as items:
            pass
    assert (logs[0]["was"], logs[0]["now"]) == (["title"], ["text"])
    database.close()
