"""Long-term memory on a real server: the Python SDK and graphs share it, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk.client import LangGraphClient

from process.clients import client_of, sync_client_of
from process.crashing import Death, call, opened
from process.serving import Server

pytestmark = pytest.mark.timeout(60, func_only=True)

MEMORY = Path(__file__).parent / "memory_graphs"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an index."""
    with Server(tmp_path_factory.mktemp("data"), graphs=MEMORY) as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[LangGraphClient]:
    """The SDK, and an empty store."""
    async with client_of(server) as client:
        for item in (await client.store.search_items([], limit=1000))["items"]:
            await client.store.delete_item(item["namespace"], item["key"])
        yield client


async def test_every_method_of_the_sdk_does_what_it_says(client: LangGraphClient) -> None:
    store = client.store
    await store.put_item(["users", "ada"], "likes", {"text": "pear", "n": 1})
    await store.put_item(["users", "bob"], "likes", {"text": "car", "n": 2}, index=False, ttl=5)
    await store.put_item(["shared"], "note", {"title": "apple"}, index=["title"])
    item = await store.get_item(["users", "ada"], "likes")
    assert (item["namespace"], item["value"]["n"]) == (["users", "ada"], 1)
    assert await store.get_item(["users", "ada"], "none", refresh_ttl=False) is None
    found = await store.search_items(["users"], filter={"n": {"$gt": 1}}, refresh_ttl=True)
    assert [each["namespace"] for each in found["items"]] == [["users", "bob"]]
    near = await store.search_items([], query="a pear", limit=2)
    assert [(each["key"], each["score"]) for each in near["items"]] == [("likes", 1), ("note", 0)]
    assert await store.list_namespaces() == {
        "namespaces": [["shared"], ["users", "ada"], ["users", "bob"]]
    }
    listed = await store.list_namespaces(prefix=["users"], suffix=["bob"], max_depth=2, limit=1)
    assert listed == {"namespaces": [["users", "bob"]]}
    await store.delete_item(["shared"], "note")
    await store.delete_item(["shared"], "note")
    assert len((await store.list_namespaces(max_depth=1))["namespaces"]) == 1


def test_every_method_of_the_synchronous_sdk_does_too(server: Server) -> None:
    with sync_client_of(server) as client:
        client.store.put_item(["sync"], "k", {"text": "wheel"}, ttl=5)
        assert client.store.get_item(["sync"], "k")["value"] == {"text": "wheel"}
        found = client.store.search_items(["sync"], query="wheel", filter={"text": "wheel"})
        assert [each["score"] for each in found["items"]] == [1]
        assert client.store.list_namespaces(prefix=["sync"]) == {"namespaces": [["sync"]]}
        client.store.delete_item(["sync"], "k")
        assert client.store.list_namespaces(prefix=["sync"]) == {"namespaces": []}


async def test_graphs_and_clients_share_one_memory(client: LangGraphClient) -> None:
    ada: Any = {"user": "ada", "text": "likes a pear"}
    await client.runs.wait(None, "remember", input=ada)
    item = await client.store.get_item(["users", "ada"], "likes a pear")
    assert item["value"] == {"text": "likes a pear"}
    await client.store.put_item(["users", "ada"], "from the client", {"text": "an apple, a pear"})
    await client.store.put_item(["users", "bob"], "not hers", {"text": "pear"})
    asked: Any = {"user": "ada", "text": "pear"}
    found = await client.runs.wait(None, "recall", input=asked)
    assert isinstance(found, dict)
    assert found["found"] == ["likes a pear", "from the client"]


async def test_two_writers_at_once_lose_nothing(client: LangGraphClient, server: Server) -> None:
    async def write(name: str) -> None:
        async with client_of(server) as writer:
            for n in range(50):
                await writer.store.put_item(["writers", name], str(n), {"n": n, "text": "car"})
                await writer.store.put_item(["writers", "both"], "k", {"by": name, "n": n})

    await asyncio.gather(write("one"), write("two"))
    for name in ("one", "two"):
        found = await client.store.search_items(["writers", name], limit=100)
        assert sorted(int(each["key"]) for each in found["items"]) == [*range(50)]
    last = await client.store.get_item(["writers", "both"], "k")
    assert last["value"]["n"] == 49


async def test_items_outlive_restarts_and_kills(tmp_path: Path) -> None:
    with Server(tmp_path, graphs=MEMORY) as server:
        async with client_of(server) as client:
            await client.store.put_item(["a", "b"], "stopped", {"text": "pear"})
        await asyncio.to_thread(server.stop)
        server.start()
        async with client_of(server) as client:
            await client.store.put_item(["a", "b"], "killed", {"text": "apple"})
        server.kill()
        server.start()
        async with client_of(server) as client:
            found = await client.store.search_items(["a"], query="apple")
            assert [each["key"] for each in found["items"]] == ["killed", "stopped"]
            assert [each["score"] for each in found["items"]] == [1, 0]
            assert (await client.store.list_namespaces())["namespaces"] == [["a", "b"]]


@pytest.mark.parametrize("stage", ["submitted", "executed", "committed", "answered"])
async def test_what_was_answered_is_there_after_a_kill(stage: str, tmp_path: Path) -> None:
    async with opened(tmp_path, [Death(f"put_items:{stage}", 6)]) as trial:
        for n in range(10):
            body = {"namespace": ["a", str(n % 2)], "key": str(n), "value": {"n": n}}
            await call(trial, "PUT", "/store/items", body)
        found = await call(trial, "POST", "/store/items/search", {"limit": 100})
        assert sorted(each["value"]["n"] for each in found["items"]) == [*range(10)]
        assert trial.starts == 2
        await call(trial, "DELETE", "/store/items", {"namespace": ["a", "0"], "key": "0"})
    connection = trial.database()
    assert connection.pragma("integrity_check") == "ok"
    assert connection.execute("SELECT count(*) FROM item").fetchall() == [(9,)]
    connection.close()


def test_a_store_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text((MEMORY / "memory_graphs.py").read_text())
    config = """{"graphs": {"a": "./agent.py:recall"},
                 "store": {"index": {"dims": 4, "embed": "./none.py:embed"}}}"""
    (tmp_path / "langgraph.json").write_text(config)
    server = Server(tmp_path / "data", graphs=tmp_path)
    with pytest.raises(AssertionError, match=r"store\.index\.embed \(\./none\.py:embed\)"):
        server.start()
