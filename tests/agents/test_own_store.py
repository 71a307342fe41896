"""A store of the user's own in place of the server's: opened, used by all, failing."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from langgraph.store.base import BaseStore, IndexConfig
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite import SqliteStore

from agents import own_stores
from demotic.agents.langgraph.own_store import OwnStore, load_store, rules_of
from demotic.config import read_config, read_settings
from demotic.domain.errors import (
    AgentError,
    BadInput,
    ItemNotFound,
    NamespaceRefused,
    StorageUnavailable,
)
from demotic.domain.items import Item, ItemQuery, NamespaceQuery, NewItem
from demotic.domain.model import EVERYTHING, Scope
from demotic.engine.items import Items
from demotic.ports.clock import SystemClock
from demotic.server import engine_of, load_graphs, load_own_store, make_app
from embedders import DIMS, count

FOLDER = Path(own_stores.__file__).parent
OURS = Scope(namespaces=[("ann",), ("team", "a")])


def items_in(store: BaseStore) -> Items:
    """What callers do with a store."""
    return Items(OwnStore(store), SystemClock(), rules_of(store))


async def put(items: Items, *place: str, scope: Scope = EVERYTHING, **more: Any) -> None:
    """Store an item, whose key is its value."""
    *namespace, key = place
    new = NewItem(namespace=tuple(namespace), key=key, value={"text": key}, **more)
    await items.put(new, scope)


def keys(found: Sequence[Item]) -> list[str]:
    """Of items, in order."""
    return [each.key for each in found]


@pytest.mark.parametrize(
    "name", ["instance", "make", "make_later", "within", "within_later", "Marked"]
)
async def test_a_store_is_given_in_several_ways_and_closed(name: str) -> None:
    own_stores.events.clear()
    async with load_store(f"agents.own_stores:{name}", FOLDER)() as store:
        assert getattr(store, "mark", None) == "the user's own"
        assert own_stores.events == (["opened"] if "within" in name else [])
    assert own_stores.events == (["opened", "closed"] if "within" in name else [])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("number", r"is a int: it must be a BaseStore"),
        ("without", r"is a str: it must be a BaseStore"),
        ("unreachable", r"gives no store: ConnectionError: no database"),
        ("absent", r"own_stores\.py has no 'absent'"),
    ],
)
async def test_what_is_no_store_stops_the_start(name: str, message: str) -> None:
    with pytest.raises(AgentError, match=rf"store\.path \(agents\.own_stores:{name}\).*{message}"):
        async with load_store(f"agents.own_stores:{name}", FOLDER)():
            pass


async def test_callers_store_find_and_delete_items() -> None:
    items = items_in(InMemoryStore())
    for place in (("a", "x"), ("a", "b", "y"), ("c", "z")):
        await put(items, *place)
    found = await items.get(("a",), "x", EVERYTHING)
    assert found is not None and json.loads(found.value) == {"text": "x"}
    assert 0 < found.created_us <= found.updated_us
    assert keys(await items.search(ItemQuery(prefix=("a",)), EVERYTHING)) == ["x", "y"]
    second = ItemQuery(prefix=("a",), limit=1, offset=1)
    assert keys(await items.search(second, EVERYTHING)) == ["y"]
    matching = ItemQuery(filters={"text": {"$ne": "z"}})
    assert keys(await items.search(matching, EVERYTHING)) == ["x", "y"]
    assert await items.namespaces(NamespaceQuery(max_depth=1), EVERYTHING) == [("a",), ("c",)]
    ending = NamespaceQuery(suffixes=[("b",)])
    assert await items.namespaces(ending, EVERYTHING) == [("a", "b")]
    await items.delete(("a",), "x", EVERYTHING, must_exist=True)
    assert await items.get(("a",), "x", EVERYTHING) is None
    with pytest.raises(ItemNotFound):
        await items.delete(("a",), "x", EVERYTHING, must_exist=True)


async def test_what_is_outside_the_scope_is_not_there() -> None:
    items = items_in(InMemoryStore())
    for place in (("ann", "1"), ("bob", "2"), ("team", "a", "3"), ("team", "b", "4")):
        await put(items, *place)
    assert await items.get(("bob",), "2", OURS) is None
    assert await items.get(("ann",), "1", OURS) is not None
    with pytest.raises(NamespaceRefused, match="not yours"):
        await put(items, "bob", "5", scope=OURS)
    assert sorted(keys(await items.search(ItemQuery(), OURS))) == ["1", "3"]
    assert keys(await items.search(ItemQuery(prefix=("team",)), OURS)) == ["3"]
    assert await items.search(ItemQuery(prefix=("bob",)), OURS) == []
    pages = [await items.search(ItemQuery(limit=1, offset=n), OURS) for n in range(3)]
    assert [keys(page) for page in pages] == [["3"], ["1"], []]
    assert await items.namespaces(NamespaceQuery(), OURS) == [("ann",), ("team", "a")]
    assert await items.namespaces(NamespaceQuery(offset=1), OURS) == [("team", "a")]
    assert await items.namespaces(NamespaceQuery(), Scope(namespaces=[])) == []


async def test_a_store_with_an_index_finds_by_meaning_in_its_own_way() -> None:
    index = IndexConfig(dims=DIMS, embed=lambda texts: count([*texts]), fields=["text"])
    items = items_in(InMemoryStore(index=index))
    await put(items, "n", "an apple")
    await put(items, "n", "an apple car", index=False)
    await put(items, "n", "a car", index=["text"])
    found = await items.search(ItemQuery(text="apple", limit=1), EVERYTHING)
    assert keys(found) == ["an apple"] and found[0].score == pytest.approx(1.0)
    for item in await items.search(ItemQuery(text="apple"), EVERYTHING):
        assert (item.key == "an apple car") == (item.score is None)


async def test_items_are_kept_as_long_as_the_store_keeps_them() -> None:
    with ExitStack() as stack:
        ttl: Any = {"default_ttl": 5, "refresh_on_read": False}
        store = stack.enter_context(SqliteStore.from_conn_string(":memory:", ttl=ttl))
        store.setup()
        items = items_in(store)
        assert (items.rules.default_ttl_s, items.rules.refresh_on_read) == (300, False)
        for key, more in (("usual", {}), ("short", {"ttl_s": 60}), ("ever", {"ttl_s": None})):
            new = NewItem(namespace=("n",), key=key, value={}, **cast(Any, more))
            assert items.perform_now([new]) == [False]
        rows = store.conn.execute("SELECT key, ttl_minutes FROM store ORDER BY key").fetchall()
        assert [tuple(row) for row in rows] == [("ever", None), ("short", 1), ("usual", 5)]
    forever = items_in(InMemoryStore())
    with pytest.raises(BadInput, match=r"`ttl`: the store of `store\.path`, InMemoryStore, keeps"):
        await put(forever, "n", "short", ttl_s=60)


async def test_a_store_that_fails_is_unavailable_and_keeps_its_secrets() -> None:
    with pytest.raises(
        StorageUnavailable, match=r"`store\.path` failed \(ConnectionError\)"
    ) as told:
        await put(items_in(own_stores.Failing()), "n", "k")
    assert "secret" not in told.value.message


def test_synchronous_callers_get_the_same() -> None:
    items = items_in(InMemoryStore())
    items.perform_now([NewItem(namespace=("n",), key="k", value={"a": 1})])
    (found,) = items.perform_now([ItemQuery(prefix=("n",))])
    assert keys(found) == ["k"]


async def test_graphs_and_callers_share_the_store_of_the_configuration(tmp_path: Path) -> None:
    keys = {
        "graphs": {"remember": f"{FOLDER / 'own_stores.py'}:graph"},
        "store": {"path": f"{FOLDER / 'own_stores.py'}:within_later"},
    }
    (tmp_path / "langgraph.json").write_text(json.dumps(keys))
    config = read_config(tmp_path, {})
    settings = replace(
        read_settings({}, {}, {"data_dir": tmp_path / "data"}), allowed_hosts=("test",)
    )
    async with engine_of(
        config, settings, load_graphs(config), store=load_own_store(config)
    ) as engine:
        app = make_app(engine, config, settings)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test"
        ) as http:
            body = {"assistant_id": "remember", "input": {"text": "pears"}}
            done = (await http.post("/runs/wait", json=body)).json()
            assert done["kept_by"] == "the user's own"
            found = (await http.post("/store/items/search", json={})).json()["items"]
            assert [(each["namespace"], each["value"]) for each in found] == [
                (["notes"], {"text": "pears"})
            ]
            item = {"namespace": ["notes"], "key": "k", "value": {}, "ttl": 5}
            refused = await http.put("/store/items", json=item)
            assert (refused.status_code, refused.json()["code"]) == (422, "bad_input")
