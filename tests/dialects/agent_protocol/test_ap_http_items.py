"""Long-term memory over HTTP, in process."""

from typing import Any

import pytest

from demotic.domain.model import Scope
from demotic.web.callers import SCOPE_KEY
from dialects.agent_protocol.ap_http import ScriptedWire


async def put(wire: ScriptedWire, *namespace: str, key: str = "k", **value: Any) -> None:
    """Store an item."""
    body = {"namespace": list(namespace), "key": key, "value": value}
    answer = await wire.ask("PUT", "/store/items", body)
    assert (answer.status_code, answer.content) == (204, b"")


async def keys(wire: ScriptedWire, **query: Any) -> list[str]:
    """Keys of the items that a search finds."""
    found = await wire.told("POST", "/store/items/search", query)
    return [each["key"] for each in found["items"]]


@pytest.mark.requirement("ap.store.put")
async def test_an_item_is_stored_and_stored_again(wire: ScriptedWire) -> None:
    await put(wire, "a", "b", x=1)
    first = await wire.told("GET", "/store/items?key=k&namespace=a&namespace=b")
    assert first.pop("created_at") == first.pop("updated_at")
    assert first == {"namespace": ["a", "b"], "key": "k", "value": {"x": 1}}
    await put(wire, "a", "b", y=2)
    again = await wire.told("GET", "/store/items?key=k&namespace=a&namespace=b")
    assert (again["value"], again["updated_at"] > again["created_at"]) == ({"y": 2}, True)
    wrong: list[Any] = [
        {"key": "k", "value": {}},
        {"namespace": ["a"], "value": {}},
        {"namespace": ["a"], "key": "k"},
        {"namespace": [], "key": "k", "value": {}},
        {"namespace": [""], "key": "k", "value": {}},
        {"namespace": ["a.b"], "key": "k", "value": {}},
        {"namespace": "a", "key": "k", "value": {}},
        {"namespace": ["a"], "key": "k", "value": [1]},
    ]
    for body in wrong:
        refused = await wire.ask("PUT", "/store/items", body)
        assert refused.status_code == 422, body


@pytest.mark.requirement("ap.store.get")
async def test_an_item_that_is_not_there_is_not_found(wire: ScriptedWire) -> None:
    await put(wire, "a", "b")
    for query in ("key=k&namespace=a", "key=x&namespace=a&namespace=b", "key=k&namespace=b"):
        missing = await wire.ask("GET", f"/store/items?{query}")
        assert (missing.status_code, missing.json()["code"]) == (404, "item_not_found")


@pytest.mark.requirement("ap.store.outermost")
async def test_nothing_is_stored_outside_of_all_namespaces(wire: ScriptedWire) -> None:
    await put(wire, "a")
    stored = await wire.ask("PUT", "/store/items", {"namespace": [], "key": "k", "value": {}})
    assert (stored.status_code, "Namespace" in stored.json()["message"]) == (422, True)
    for method, path, body in (
        ("GET", "/store/items?key=k", None),
        ("DELETE", "/store/items", {"key": "k"}),
        ("DELETE", "/store/items", {"key": "k", "namespace": []}),
    ):
        missing = await wire.ask(method, path, body)
        assert (missing.status_code, missing.json()["code"]) == (404, "item_not_found")


@pytest.mark.requirement("ap.store.get.parameters")
async def test_each_label_is_a_parameter_of_its_own(wire: ScriptedWire) -> None:
    await put(wire, "a", "b", x=1)
    await put(wire, "b", "a", x=2)
    for labels, x in (("namespace=a&namespace=b", 1), ("namespace=b&namespace=a", 2)):
        assert (await wire.told("GET", f"/store/items?key=k&{labels}"))["value"] == {"x": x}
    for query in ("", "?namespace=a", "?key=k&namespace=a.b", "?key=k&namespace="):
        assert (await wire.ask("GET", f"/store/items{query}")).status_code == 422


@pytest.mark.requirement("ap.store.delete")
async def test_an_item_is_deleted_once(wire: ScriptedWire) -> None:
    await put(wire, "a")
    body = {"namespace": ["a"], "key": "k"}
    gone = await wire.ask("DELETE", "/store/items", body)
    assert (gone.status_code, gone.content) == (204, b"")
    missing = await wire.ask("DELETE", "/store/items", body)
    assert (missing.status_code, missing.json()["code"]) == (404, "item_not_found")
    assert (await wire.ask("DELETE", "/store/items", {"namespace": ["a"]})).status_code == 422


@pytest.mark.requirement("ap.store.search")
async def test_items_are_found_the_latest_first(wire: ScriptedWire) -> None:
    for number in range(3):
        wire.house.clock.advance(1)
        await put(wire, "a", key=str(number))
    found = await wire.told("POST", "/store/items/search", {})
    assert [each["key"] for each in found["items"]] == ["2", "1", "0"]
    assert set(found["items"][0]) == {"namespace", "key", "value", "created_at", "updated_at"}
    assert await wire.told("POST", "/store/items/search") == found


@pytest.mark.requirement("ap.store.search.parameters")
async def test_items_are_found_by_namespace_and_value_page_by_page(wire: ScriptedWire) -> None:
    for number in range(11):
        wire.house.clock.advance(1)
        await put(wire, "a", "even" if number % 2 == 0 else "odd", key=str(number), n=number)
    await put(wire, "b", key="other", n=3)
    assert await keys(wire, namespace_prefix=["a", "odd"]) == ["9", "7", "5", "3", "1"]
    assert await keys(wire, namespace_prefix=None, filter={"n": 3}) == ["other", "3"]
    assert await keys(wire, filter={"n": {"$gt": 8}}) == ["10", "9"]
    assert len(await keys(wire)) == 10
    assert await keys(wire, limit=1, offset=1) == ["10"]
    assert await keys(wire, namespace_prefix=["c"]) == []
    wrong: list[Any] = [{"limit": 0}, {"limit": 1001}, {"offset": -1}, {"filter": {"n": {"$x": 1}}}]
    for body in [*wrong, {"namespace_prefix": "a"}]:
        assert (await wire.ask("POST", "/store/items/search", body)).status_code == 422


@pytest.mark.requirement("ap.store.namespaces")
async def test_namespaces_are_a_list_of_lists(wire: ScriptedWire) -> None:
    assert await wire.told("POST", "/store/namespaces") == []
    await put(wire, "b")
    await put(wire, "a", "x")
    assert await wire.told("POST", "/store/namespaces", {}) == [["a", "x"], ["b"]]


@pytest.mark.requirement("ap.store.namespaces.parameters")
async def test_namespaces_are_found_by_their_ends_page_by_page(wire: ScriptedWire) -> None:
    for labels in (("a", "x", "1"), ("a", "x", "2"), ("a", "y", "1"), ("b", "x", "1")):
        await put(wire, *labels)
    for body, found in (
        ({"prefix": ["a", "x"]}, [["a", "x", "1"], ["a", "x", "2"]]),
        ({"prefix": ["*", "x"], "suffix": ["1"]}, [["a", "x", "1"], ["b", "x", "1"]]),
        ({"max_depth": 1}, [["a"], ["b"]]),
        ({"max_depth": 2, "limit": 1, "offset": 1}, [["a", "y"]]),
    ):
        assert await wire.told("POST", "/store/namespaces", body) == found, body
    for number in range(100):
        await put(wire, "many", str(number))
    assert len(await wire.told("POST", "/store/namespaces", {})) == 100
    for wrong in ({"limit": 0}, {"limit": 1001}, {"offset": -1}, {"max_depth": 0}):
        assert (await wire.ask("POST", "/store/namespaces", wrong)).status_code == 422


async def test_a_caller_remembers_what_is_in_its_scope_only(wire: ScriptedWire) -> None:
    inner = wire.app

    async def scoped(scope: Any, receive: Any, send: Any) -> None:
        scope[SCOPE_KEY] = Scope(namespaces=[("alice",)])
        await inner(scope, receive, send)

    await put(wire, "bob", x=1)
    wire.use(scoped)
    await put(wire, "alice", x=2)
    assert len(await keys(wire)) == 1
    assert await wire.told("POST", "/store/namespaces", {}) == [["alice"]]
    place = {"namespace": ["bob"], "key": "k"}
    assert (await wire.ask("DELETE", "/store/items", place)).status_code == 404
    assert (await wire.ask("GET", "/store/items?key=k&namespace=bob")).status_code == 404
    assert (await wire.ask("PUT", "/store/items", {**place, "value": {}})).status_code == 422
