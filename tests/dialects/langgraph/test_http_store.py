"""The store over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from langgraph.runtime import Runtime
from langgraph_sdk.client import LangGraphClient

from demotic.agents.langgraph.embeddings import load_embedder
from demotic.domain.items import ItemIndex, ItemRules
from demotic.engine.items import Items
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.testing.clock import FakeClock
from dialects.langgraph.langgraph_http import Wire, open_wire
from embedders import DIMS
from house import House, open_house
from served import State, chain, served

HERE = Path(__file__).parents[2]
NO_PERIODS = "must be a non-empty string without periods"


async def put(wire: Wire, place: str, value: Any = None, **options: Any) -> int:
    """Store an item at `label.label/key`; the status."""
    namespace, _, key = place.partition("/")
    body = {"namespace": namespace.split("."), "key": key, "value": value or {}, **options}
    answer = await wire.ask("PUT", "/store/items", body)
    assert answer.content == b"" or answer.status_code >= 400
    return answer.status_code


async def get(wire: Wire, place: str, **query: Any) -> Any:
    """An item, as it is answered."""
    namespace, _, key = place.partition("/")
    params = {"namespace": namespace, "key": key, **query}
    answer = await wire.client.get("/store/items", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def keys(wire: Wire, **body: Any) -> list[str]:
    """The keys of what a search finds."""
    answer = await wire.ask("POST", "/store/items/search", body)
    assert answer.status_code == 200, answer.text
    return [each["key"] for each in answer.json()["items"]]


async def namespaces(wire: Wire, **body: Any) -> list[str]:
    """The namespaces that are listed, as texts."""
    answer = await wire.ask("POST", "/store/namespaces", body)
    assert answer.status_code == 200, answer.text
    return [".".join(each) for each in answer.json()["namespaces"]]


async def indexed_wire(embed: str) -> AsyncIterator[Wire]:
    """A client of a house whose items are found by meaning."""
    database, clock = Database(None, vectors=True), FakeClock()
    rules = ItemRules(index=ItemIndex(dims=DIMS, embed=embed, fields=("text",)))
    items = Items(SqliteStorage(database), clock, rules, load_embedder(embed, HERE))
    async with open_house(database, clock=clock, items=items) as house, open_wire(house) as wire:
        yield wire
    database.close()


@pytest.fixture
async def indexed() -> AsyncIterator[Wire]:
    """A client where there is an index."""
    async for wire in indexed_wire("embedders:count"):
        yield wire


@pytest.fixture
async def failing() -> AsyncIterator[Wire]:
    """A client where there is an index that cannot be made."""
    async for wire in indexed_wire("embedders:broken"):
        yield wire


@pytest.mark.requirement("langgraph.store.put")
@pytest.mark.requirement("langgraph.store.get")
async def test_an_item_is_stored_and_shown(wire: Wire) -> None:
    value = {"text": "Grüße ✓", "n": [1, 2.5, None, {"deep": True}]}
    assert await put(wire, "users.ada/likes", value) == 204
    shown = await get(wire, "users.ada/likes")
    assert list(shown) == ["namespace", "key", "value", "created_at", "updated_at"]
    assert (shown["namespace"], shown["key"], shown["value"]) == (["users", "ada"], "likes", value)
    assert shown["created_at"] == shown["updated_at"]
    assert shown["created_at"].endswith("+00:00")
    assert await get(wire, "users.ada/nothing") is None
    assert await get(wire, "users/likes") is None


@pytest.mark.requirement("langgraph.store.namespace_forms")
async def test_a_namespace_has_two_forms(wire: Wire) -> None:
    await put(wire, "users.ada/likes", {"n": 1})
    await put(wire, "users/likes", {"n": 2})
    for query, n in [
        ("namespace=users.ada", 1),
        ("namespace=users&namespace=ada", 1),
        ("namespace=users", 2),
    ]:
        answer = await wire.ask("GET", f"/store/items?{query}&key=likes")
        assert answer.json()["value"] == {"n": n}
    answer = await wire.ask("GET", "/store/items?namespace=users.ada&namespace=x&key=likes")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")


@pytest.mark.requirement("langgraph.store.overwrite")
async def test_an_overwrite_raises_the_time_of_the_update(wire: Wire) -> None:
    await put(wire, "a/k", {"n": 1})
    first = await get(wire, "a/k")
    await put(wire, "a/k", {"n": 2})
    second = await get(wire, "a/k")
    assert second["value"] == {"n": 2}
    assert second["created_at"] == first["created_at"]
    assert second["updated_at"] > first["updated_at"]


@pytest.mark.requirement("langgraph.store.delete")
async def test_a_deleted_item_is_null_and_deleting_is_idempotent(wire: Wire) -> None:
    await put(wire, "a.b/k")
    for _ in range(2):
        answer = await wire.ask("DELETE", "/store/items", {"namespace": ["a", "b"], "key": "k"})
        assert (answer.status_code, answer.content) == (204, b"")
        assert await get(wire, "a.b/k") is None
    assert (await wire.ask("DELETE", "/store/items", {"key": "k"})).status_code == 204


@pytest.mark.requirement("langgraph.store.labels")
async def test_bad_namespaces_are_refused_in_the_recorded_words(wire: Wire) -> None:
    async def refused(namespace: Any, method: str = "PUT") -> tuple[int, str]:
        body = {"namespace": namespace, "key": "k", "value": {}}
        answer = await wire.ask(method, "/store/items", body)
        told: str = answer.json()["detail"]
        assert answer.json()["message"] == told
        return answer.status_code, told

    assert await refused(["u.1"]) == (422, f"Namespace label 'u.1' {NO_PERIODS}")
    assert await refused(["a", ""]) == (422, f"Namespace label '' {NO_PERIODS}")
    assert await refused(["u.1"], "DELETE") == (422, f"Namespace label 'u.1' {NO_PERIODS}")
    assert await refused([]) == (400, "Namespace cannot be empty.")
    assert (await refused(["langgraph", "x"]))[0] == 400
    answer = await wire.ask("GET", "/store/items?key=k")
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        f"Namespace label '' {NO_PERIODS}",
    )
    for path, body in [
        ("/store/items/search", {"namespace_prefix": ["a.b"]}),
        ("/store/namespaces", {"prefix": ["a", ""]}),
        ("/store/namespaces", {"suffix": ["a.b"]}),
    ]:
        answer = await wire.ask("POST", path, body)
        assert answer.status_code == 422 and NO_PERIODS in answer.json()["detail"]


@pytest.mark.requirement("langgraph.store.search")
async def test_items_are_found_below_a_namespace_page_by_page(wire: Wire) -> None:
    for place in ("a/1", "a.b/2", "ab/3", "a_/4", "b/5"):
        await put(wire, place, {"at": place})
    answer = await wire.ask("POST", "/store/items/search", {"namespace_prefix": ["a"], "limit": 1})
    [item] = answer.json()["items"]
    assert list(item) == ["namespace", "key", "value", "created_at", "updated_at", "score"]
    assert (item["namespace"], item["value"], item["score"]) == (["a", "b"], {"at": "a.b/2"}, None)
    assert await keys(wire, namespace_prefix=["a"]) == ["2", "1"]
    assert await keys(wire, namespace_prefix=["a"], limit=1, offset=1) == ["1"]
    assert len(await keys(wire)) == len(await keys(wire, limit=10_000)) == 5
    assert await keys(wire, limit=0) == await namespaces(wire, limit=0) == []


@pytest.mark.requirement("langgraph.store.filters")
async def test_filters_find_by_value(wire: Wire) -> None:
    await put(wire, "a/1", {"kind": "x", "n": 1, "deep": {"a": 1, "b": 2}})
    await put(wire, "a/2", {"kind": "x", "n": 2})
    await put(wire, "a/3", {"kind": "y", "n": 3})
    for wanted, found in [
        ({"kind": "x"}, "12"),
        ({"kind": "x", "n": {"$gt": 1}}, "2"),
        ({"n": {"$gte": 2, "$lt": 3}}, "2"),
        ({"n": {"$lte": 1}}, "1"),
        ({"n": {"$ne": 2}}, "13"),
        ({"n": {"$eq": 3}}, "3"),
        ({"deep": {"a": 1}}, "1"),
        ({"deep": {"a": {"$gt": 1}}}, ""),
        ({}, "123"),
        ({"kind') OR ('1'='1": "x"}, ""),
    ]:
        assert sorted(await keys(wire, filter=wanted)) == [*found]
    answer = await wire.ask("POST", "/store/items/search", {"filter": {"n": {"$in": [1]}}})
    assert answer.status_code == 422
    assert "`filter`: 'n' cannot be compared by '$in'" in answer.json()["detail"]


@pytest.mark.requirement("langgraph.store.score")
async def test_a_query_finds_by_meaning_and_tells_the_score(indexed: Wire) -> None:
    await put(indexed, "a/fruit", {"text": "apple and pear", "kind": "x"})
    await put(indexed, "a/car", {"text": "car, engine, wheel", "kind": "x"})
    await put(indexed, "b/pear", {"text": "pear", "kind": "y"})
    answer = await indexed.ask("POST", "/store/items/search", {"query": "pear"})
    items = [(each["key"], round(each["score"], 3)) for each in answer.json()["items"]]
    assert items == [("pear", 1.0), ("fruit", 0.707), ("car", 0.0)]
    assert await keys(indexed, query="pear", filter={"kind": "x"}) == ["fruit", "car"]
    assert await keys(indexed, query="pear", namespace_prefix=["a"], limit=1) == ["fruit"]
    assert await keys(indexed, query="") == ["pear", "car", "fruit"]


async def test_without_an_index_a_query_changes_nothing(wire: Wire) -> None:
    await put(wire, "a/1", {"a": 1})
    body = {"namespace_prefix": ["a"], "query": "a", "filter": {"a": 1}}
    answer = await wire.ask("POST", "/store/items/search", body)
    assert [(each["key"], each["score"]) for each in answer.json()["items"]] == [("1", None)]


@pytest.mark.requirement("langgraph.store.index")
async def test_an_item_chooses_the_fields_it_is_found_by(indexed: Wire) -> None:
    value = {"text": "car", "title": "pear"}
    await put(indexed, "a/usual", value)
    await put(indexed, "a/title", value, index=["title"])
    await put(indexed, "a/none", value, index=False)
    answer = await indexed.ask("POST", "/store/items/search", {"query": "pear"})
    scores = {each["key"]: each["score"] for each in answer.json()["items"]}
    assert scores == {"title": 1.0, "usual": 0.0, "none": None}
    body = {"namespace": ["a"], "key": "k", "value": {}, "index": True}
    refused = await indexed.ask("PUT", "/store/items", body)
    assert refused.status_code == 422
    assert "`index` must be false or a list of fields" in refused.json()["detail"]


@pytest.mark.requirement("langgraph.store.embedding_fails")
async def test_an_embedding_that_fails_tells_its_kind_and_stores_nothing(failing: Wire) -> None:
    body = {"namespace": ["a"], "key": "k", "value": {"text": "x"}}
    for answer in [
        await failing.ask("PUT", "/store/items", body),
        await failing.ask("POST", "/store/items/search", {"query": "x"}),
    ]:
        assert (answer.status_code, answer.json()["code"]) == (500, "embedding_failed")
        assert "no route to the model" not in answer.text
    assert await keys(failing) == []


@pytest.mark.requirement("langgraph.store.ttl")
async def test_an_item_expires_and_reading_prolongs_it_unless_told_otherwise(wire: Wire) -> None:
    clock = wire.house.clock
    for key in ("read", "looked", "searched", "left"):
        await put(wire, f"a/{key}", ttl=1)
    await put(wire, "b/ever")
    clock.advance(40)
    await get(wire, "a/read")
    await get(wire, "a/looked", refresh_ttl="false")
    assert await keys(wire, namespace_prefix=["a"], limit=2) == ["left", "searched"]
    assert await keys(wire, namespace_prefix=["a"], refresh_ttl=False) != []
    clock.advance(40)
    assert await keys(wire, refresh_ttl=False) == ["ever", "left", "searched", "read"]
    assert await get(wire, "a/looked") is None
    clock.advance(30)
    assert await namespaces(wire) == ["b"]


@pytest.mark.requirement("langgraph.store.namespaces")
@pytest.mark.requirement("langgraph.store.namespaces.match")
async def test_namespaces_are_listed_by_prefix_suffix_and_depth(wire: Wire) -> None:
    for place in ("a.b.c/1", "a.b.d/1", "a.x/1", "z.c/1"):
        await put(wire, place)
    assert await namespaces(wire) == ["a.b.c", "a.b.d", "a.x", "z.c"]
    assert await namespaces(wire, prefix=["a", "b"]) == ["a.b.c", "a.b.d"]
    assert await namespaces(wire, suffix=["c"]) == ["a.b.c", "z.c"]
    assert await namespaces(wire, prefix=["a", "*"], suffix=["*", "d"]) == ["a.b.d"]
    assert await namespaces(wire, max_depth=1) == ["a", "z"]
    assert await namespaces(wire, max_depth=2, limit=2, offset=1) == ["a.x", "z.c"]
    await wire.ask("DELETE", "/store/items", {"namespace": ["a", "x"], "key": "1"})
    assert await namespaces(wire, prefix=["a"], max_depth=2) == ["a.b"]


@pytest.mark.requirement("langgraph.store.empty")
async def test_null_means_everything_and_far_offsets_find_nothing(wire: Wire) -> None:
    await put(wire, "a/1")
    nothing = {"namespace_prefix": None, "filter": None, "limit": None, "offset": None}
    assert await keys(wire, **nothing, query=None, refresh_ttl=None) == ["1"]
    assert await namespaces(wire, prefix=None, suffix=None, max_depth=None, limit=None) == ["a"]
    assert await keys(wire, offset=2**53) == await namespaces(wire, offset=2**53) == []
    for path in ("/store/items/search", "/store/namespaces"):
        assert (await wire.client.post(path)).status_code == 200
        assert (await wire.ask("POST", path, {"offset": 2**53 + 1})).status_code == 422


@pytest.mark.requirement("langgraph.store.bad_input")
@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("PUT", "/store/items", {"key": "k", "value": {}}, "`namespace` is required"),
        ("PUT", "/store/items", {"namespace": ["a"], "value": {}}, "`key` is required"),
        ("PUT", "/store/items", {"namespace": ["a"], "key": "k"}, "`value` is required"),
        ("PUT", "/store/items", {"value": "s"}, "`value` must be an object, not a string"),
        ("PUT", "/store/items", {"value": None}, "`value` must be an object"),
        ("PUT", "/store/items", {"ttl": 0}, "`ttl` must be more than 0"),
        ("PUT", "/store/items", {"ttl": 1e300}, "`ttl` must be more than 0"),
        ("PUT", "/store/items", {"ttl": "1"}, "`ttl` must be a number"),
        ("PUT", "/store/items", {"key": 1}, "`key` must be a string"),
        ("PUT", "/store/items", {"namespace": "a"}, "`namespace` must be an array"),
        ("PUT", "/store/items", {"namespace": [1]}, "must be a string"),
        ("DELETE", "/store/items", {"namespace": ["a"], "key": None}, "`key` must be a string"),
        ("GET", "/store/items?namespace=a", None, "`key` is required"),
        ("GET", "/store/items?namespace=a&key=k%00", None, "`key` must be a text without NUL"),
        ("GET", "/store/items?namespace=a&key=k&refresh_ttl=x", None, "`refresh_ttl` must be"),
        ("POST", "/store/items/search", {"limit": -1}, "`limit` must be between 0 and 10000"),
        ("POST", "/store/items/search", {"limit": "1"}, "`limit` must be an integer"),
        ("POST", "/store/items/search", {"offset": -1}, "`offset` must be between"),
        ("POST", "/store/items/search", {"filter": []}, "`filter` must be an object"),
        ("POST", "/store/namespaces", {"max_depth": 0}, "`max_depth` must be between"),
        ("POST", "/store/namespaces", {"limit": 10001}, "`limit` must be between 0 and 10000"),
    ],
)
async def test_what_cannot_be_understood_is_named(
    wire: Wire, method: str, path: str, body: Any, said: str
) -> None:
    if method == "PUT" and len(body) == 1:
        body = {"namespace": ["a"], "key": "k", "value": {}, **body}
    answer = await wire.ask(method, path, body)
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail"]
    assert await keys(wire) == []


async def test_odd_texts_come_back_as_they_are(wire: Wire) -> None:
    odd = "\u2028 \x1f ' \" \\ % _ 😀 -- ;"
    assert await put(wire, "a%_/k", {odd: odd}) == 204
    body = {"namespace": ["a", odd], "key": odd, "value": {odd: odd}}
    assert (await wire.ask("PUT", "/store/items", body)).status_code == 204
    answer = await wire.ask("POST", "/store/items/search", {"filter": {odd: odd}})
    assert {each["key"] for each in answer.json()["items"]} == {"k", odd}
    assert [odd] in [
        each[1:]
        for each in (await wire.ask("POST", "/store/namespaces", {"prefix": ["a"]})).json()[
            "namespaces"
        ]
    ]


# Graphs and the official client


def remember(state: State, runtime: Runtime) -> State:
    """Stores what it is told, and tells what was there before."""
    assert runtime.store is not None
    before = [each.key for each in runtime.store.search(("log",))]
    for text in state.get("log", []):
        runtime.store.put(("log",), text, {"text": text})
    return {"log": before}


@pytest.mark.requirement("langgraph.store.shared")
async def test_a_graph_and_the_python_sdk_see_the_same_items() -> None:
    async with served(chain(remember)) as house, open_wire(cast(House, house)) as wire:
        client = LangGraphClient(wire.client)
        await client.store.put_item(["log"], "from the client", {"n": 1})
        given: Any = {"log": ["from the graph"]}
        values = await client.runs.wait(None, "graph", input=given)
        assert values == {"log": ["from the graph", "from the client"]}
        item = await client.store.get_item(["log"], "from the graph")
        assert item["value"] == {"text": "from the graph"}
        found = await client.store.search_items(["log"], filter={"n": 1})
        assert [each["key"] for each in found["items"]] == ["from the client"]
        assert await client.store.list_namespaces() == {"namespaces": [["log"]]}
        await client.store.delete_item(["log"], "from the graph")
        assert await client.store.get_item(["log"], "from the graph") is None
