"""The store that graphs see: every way to it, the same as LangGraph's own, and what goes wrong."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.config import get_store
from langgraph.func import entrypoint
from langgraph.graph import START, StateGraph
from langgraph.prebuilt import InjectedStore, ToolNode
from langgraph.runtime import Runtime
from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchOp,
)
from langgraph.store.memory import InMemoryStore
from typing_extensions import TypedDict

from demotic.agents.langgraph.embeddings import load_embedder
from demotic.agents.langgraph.store import ItemStore
from demotic.domain.items import ItemIndex, ItemQuery, ItemRules
from demotic.domain.lifecycle import RunState
from demotic.domain.model import EVERYTHING
from demotic.engine.items import Items
from demotic.ports.clock import SystemClock
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage
from embedders import DIMS, count
from served import Served, State, chain, served

HERE = Path(__file__).parents[1]
INDEX = ItemIndex(dims=DIMS, embed="embedders:count")


@pytest.fixture
def store() -> Iterator[BaseStore]:
    """An empty store."""
    database = Database(None)
    yield ItemStore(Items(SqliteStorage(database), SystemClock()))
    database.close()


async def kept(house: Served, *prefix: str) -> dict[str, Any]:
    """The values under a namespace, by key."""
    found = await house.engine.items.search(ItemQuery(prefix=prefix, limit=100), EVERYTHING)
    return {each.key: json.loads(each.value) for each in found}


async def finished(house: Served, **request: Any) -> None:
    """A run that succeeds."""
    outcome = await house.wait(await house.thread(), **{"input": {}, **request})
    assert outcome.state is RunState.SUCCEEDED, outcome.error


# Ways to the store


async def test_nodes_of_every_kind_see_the_servers_store_not_their_own() -> None:
    own = InMemoryStore()

    async def runtime_async(state: State, runtime: Runtime) -> State:
        assert runtime.store is not None
        await runtime.store.aput(("way",), "runtime async", {"n": 1})
        return {}

    def runtime_sync(state: State, runtime: Runtime) -> State:
        assert runtime.store is not None
        runtime.store.put(("way",), "runtime sync", {"n": 2})
        return {}

    async def on_the_loop(state: State, runtime: Runtime) -> State:
        assert runtime.store is not None
        runtime.store.put(("way",), "sync on the loop", {"n": 3})
        found = runtime.store.get(("way",), "sync on the loop")
        assert found is not None and found.value == {"n": 3}
        return {}

    def parameter(state: State, *, store: BaseStore) -> State:
        store.put(("way",), "parameter", {"n": 4})
        return {}

    async def getter(state: State) -> State:
        await get_store().aput(("way",), "get_store", {"n": 5})
        return {}

    def inside(state: State, runtime: Runtime) -> State:
        assert runtime.store is not None
        runtime.store.put(("way",), "subgraph", {"n": 6})
        return {}

    inner = StateGraph(State).add_node(inside).add_edge(START, "inside").compile(store=own)
    nodes = (runtime_async, runtime_sync, on_the_loop, parameter, getter)
    graph = StateGraph(State)
    for node in nodes:
        graph.add_node(node.__name__, node)
        graph.add_edge(START, node.__name__)
    graph.add_node("inner", inner).add_edge(START, "inner")
    async with served(graph.compile(store=own)) as house:
        await finished(house)
        await finished(house)
        assert sorted(each["n"] for each in (await kept(house, "way")).values()) == [*range(1, 7)]
    assert own.search(()) == []


async def test_tools_and_functions_see_it_too() -> None:
    @tool
    def remember(text: str, store: Annotated[BaseStore, InjectedStore()]) -> str:
        """Remember something."""
        store.put(("tools",), "said", {"text": text})
        return "ok"

    calls = [{"name": "remember", "args": {"text": "hi"}, "id": "1"}]

    class Chat(TypedDict, total=False):
        """Messages."""

        messages: list[Any]

    def ask(state: Chat) -> Chat:
        return {"messages": [HumanMessage("x"), AIMessage("", tool_calls=calls)]}

    graph = StateGraph(Chat).add_node(ask).add_node("tools", ToolNode([remember]))
    graph.add_edge(START, "ask").add_edge("ask", "tools")
    async with served(graph.compile()) as house:
        await finished(house)
        assert await kept(house) == {"said": {"text": "hi"}}

    @entrypoint(store=InMemoryStore())
    def function(given: dict[str, Any], *, store: BaseStore) -> dict[str, Any]:
        store.put(("functions",), "seen", given)
        return given

    async with served(function) as house:
        await finished(house, input={"x": 1})
        assert await kept(house) == {"seen": {"x": 1}}


async def test_many_nodes_use_it_at_once_from_threads_and_the_loop() -> None:
    def in_a_thread(state: State, runtime: Runtime) -> State:
        assert runtime.store is not None
        for n in range(20):
            runtime.store.put(("t", str(n)), "k", {"n": n})
            assert runtime.store.get(("t", str(n)), "k")
        return {}

    async def on_the_loop(state: State, runtime: Runtime) -> State:
        store = runtime.store
        assert store is not None
        await asyncio.gather(*(store.aput(("l", str(n)), "k", {"n": n}) for n in range(20)))
        assert len(await store.asearch(("l",), limit=50)) == 20
        return {}

    graph = StateGraph(State)
    for n in range(8):
        graph.add_node(f"n{n}", (in_a_thread, on_the_loop)[n % 2]).add_edge(START, f"n{n}")
    async with served(graph.compile()) as house:
        await asyncio.gather(*(finished(house) for _ in range(4)))
        store_names = await house.engine.items.search(ItemQuery(limit=100), EVERYTHING)
        assert len(store_names) == 40


async def test_meaning_is_there_for_nodes_of_every_kind_whatever_the_embedder() -> None:
    def sync(state: State, runtime: Runtime) -> State:
        assert runtime.store is not None
        runtime.store.put(("m",), "car", {"text": "car"})
        return {"log": [each.key for each in runtime.store.search(("m",), query="car", limit=1)]}

    async def on_the_loop(state: State, runtime: Runtime) -> State:
        assert runtime.store is not None
        runtime.store.put(("m",), "pear", {"text": "pear"})
        return {"log": [each.key for each in runtime.store.search(("m",), query="pear", limit=1)]}

    async def awaits(state: State, runtime: Runtime) -> State:
        assert runtime.store is not None
        await runtime.store.aput(("m",), "wheel", {"text": "wheel"})
        found = await runtime.store.asearch(("m",), query="wheel", limit=1)
        return {"log": [each.key for each in found]}

    for target in ("embedders:count", "embedders:count_later"):
        embedder = load_embedder(target, HERE)
        rules = ItemRules(index=ItemIndex(dims=DIMS, embed=target))
        graph = chain(sync, on_the_loop, awaits)
        async with served(graph, rules=rules, embedder=embedder) as house:
            thread = await house.thread()
            assert (await house.wait(thread, input={})).state is RunState.SUCCEEDED
            assert (await house.values(thread))["log"] == ["car", "pear", "wheel"]


async def test_what_goes_wrong_in_the_store_is_the_graphs_own_failure() -> None:
    def node(state: State, runtime: Runtime) -> State:
        assert runtime.store is not None
        if not state.get("log"):
            runtime.store.put(("a.b",), "k", {})
        elif state["log"] == ["filter"]:
            runtime.store.search((), filter={"x": {"$near": 1}})
        else:
            runtime.store.put(("a",), "k", {"text": "x"})
        return {}

    rules = ItemRules(index=INDEX)
    embedder = load_embedder("embedders:broken", HERE)
    async with served(chain(node), rules=rules, embedder=embedder) as house:
        for log, name in (
            ([], "InvalidNamespaceError"),
            (["filter"], "ValueError"),
            (["x"], "EmbeddingFailed"),
        ):
            outcome = await house.wait(await house.thread(), input={"log": log})
            assert outcome.state is RunState.FAILED
            assert outcome.error and outcome.error["error"] == name
        assert await kept(house) == {}


# The interface


@dataclass
class Preferences:
    """A value that is no plain data."""

    theme: str
    since: datetime


def test_values_come_back_as_plain_data(store: BaseStore) -> None:
    since = datetime(2026, 6, 1, tzinfo=UTC)
    store.put(("a",), "k", {"p": Preferences("dark", since), "m": HumanMessage("hi", id="1")})
    item = store.get(("a",), "k")
    assert item is not None
    assert item.value["p"] == {"theme": "dark", "since": "2026-06-01T00:00:00+00:00"}
    assert (item.value["m"]["content"], item.namespace) == ("hi", ("a",))
    assert item.created_at == item.updated_at
    assert abs((datetime.now(UTC) - item.created_at).total_seconds()) < 60


def test_what_json_cannot_hold_is_refused_with_the_items_key(store: BaseStore) -> None:
    with pytest.raises(TypeError, match="object") as caught:
        store.put(("a",), "mine", {"x": object()})
    assert "'mine'" in caught.value.__notes__[0]


async def test_operations_that_bypass_the_methods_are_checked(store: BaseStore) -> None:
    with pytest.raises(InvalidNamespaceError):
        store.batch([PutOp(("a.b",), "k", {})])
    with pytest.raises(InvalidNamespaceError):
        await store.abatch([GetOp(("",), "k")])
    with pytest.raises(ValueError, match="cannot be empty"):
        store.batch([PutOp((), "k", {})])
    with pytest.raises(ValueError, match="`limit`"):
        await store.abatch([SearchOp((), limit=-1)])


def test_time_to_live_is_in_minutes_and_by_default_the_servers() -> None:
    database = Database(None)
    rules = ItemRules(default_ttl_s=600, refresh_on_read=False)
    store = ItemStore(Items(SqliteStorage(database), SystemClock(), rules))

    assert store.supports_ttl and store.ttl_config
    assert store.ttl_config["default_ttl"] == 10
    store.put(("a",), "1", {})
    store.put(("a",), "2", {}, ttl=2.5)
    store.put(("a",), "3", {}, ttl=None)
    rows = database.read(
        "ttl", lambda c: c.execute("SELECT ttl_us FROM item ORDER BY key").fetchall()
    )
    assert rows.result() == [(600_000_000,), (150_000_000,), (None,)]
    database.close()


# The same as LangGraph's own

LABELS = st.sampled_from(["a", "b", "a!"])
PLACES = st.lists(LABELS, min_size=1, max_size=3).map(tuple)
KEYS = st.sampled_from(["k", "l", "%", "_"])
VALUES = st.dictionaries(
    st.sampled_from(["x", "y"]), st.sampled_from([1, 2, "s", None, {"z": 1}, [1]]), max_size=2
)
PATTERNS = st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=2).map(tuple)
CONDITIONS = st.tuples(st.sampled_from(["prefix", "suffix"]), PATTERNS).map(
    lambda given: MatchCondition(*given)  # type: ignore[arg-type]  # they are literals
)
FILTERS = st.none() | st.dictionaries(
    st.sampled_from(["x", "y"]),
    st.sampled_from([1, "s", None, {"z": 1}, {"$ne": 1}, {"$eq": "s"}]),
    max_size=2,
)
OPERATIONS = st.one_of(
    st.tuples(PLACES, KEYS, VALUES | st.none()).map(lambda given: PutOp(*given)),
    st.tuples(PLACES, KEYS).map(lambda given: GetOp(*given)),
    st.tuples(st.lists(LABELS, max_size=2).map(tuple), FILTERS).map(
        lambda given: SearchOp(*given, limit=1000)
    ),
    st.tuples(
        st.lists(CONDITIONS, max_size=2).map(tuple),
        st.none() | st.integers(1, 3),
        st.integers(0, 3),
        st.integers(0, 2),
    ).map(lambda given: ListNamespacesOp(*given)),
)


def shown(result: Any) -> Any:
    """An answer without times, and searches in one order."""
    if isinstance(result, list) and result and hasattr(result[0], "key"):
        return sorted(((each.namespace, each.key), str(each.value), each.score) for each in result)
    if hasattr(result, "key"):
        return result.namespace, result.key, result.value
    return result


def reference(store: InMemoryStore, batch: list[Any]) -> list[Any]:
    """What LangGraph's store answers: what reads comes first. One at a time, since it keeps
    namespaces without items (and makes them by looking for one)."""
    answers: list[Any] = [None] * len(batch)
    for writes in (False, True):
        for position, each in enumerate(batch):
            if isinstance(each, PutOp) == writes:
                (answers[position],) = store.batch([each])
                for namespace in [name for name, items in store._data.items() if not items]:
                    del store._data[namespace]
    return answers


@settings(max_examples=200, deadline=None)
@given(batches=st.lists(st.lists(OPERATIONS, max_size=4), max_size=8))
def test_batches_do_what_they_do_in_langgraphs_store(batches: list[list[Any]]) -> None:
    database = Database(None)
    ours, theirs = ItemStore(Items(SqliteStorage(database), SystemClock())), InMemoryStore()
    try:
        for batch in batches:
            wanted = [shown(each) for each in reference(theirs, batch)]
            assert [shown(each) for each in ours.batch(batch)] == wanted
    finally:
        database.close()


TEXTS = st.lists(st.sampled_from(["fruit", "apple", "pear", "car"]), max_size=3).map(" ".join)


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.fixed_dictionaries({"t": TEXTS, "u": TEXTS}), max_size=6),
    index=st.sampled_from([None, False, ["t"], ["u", "t"], ["*"]]),
    query=TEXTS.filter(bool),
)
def test_meaning_is_what_it_is_in_langgraphs_store(
    values: list[dict[str, str]], index: Any, query: str
) -> None:
    database = Database(None, vectors=True)
    items = Items(
        SqliteStorage(database),
        SystemClock(),
        ItemRules(index=INDEX),
        load_embedder("embedders:count", HERE),
    )
    asyncio.run(items.open())
    ours = ItemStore(items)
    theirs = InMemoryStore(index={"dims": DIMS, "embed": count})
    for n, value in enumerate(values):
        for store in (ours, theirs):
            # The reference fails on equal texts.
            store.put(("n",), str(n), {key: f"{key} {text}" for key, text in value.items()}, index)
    found, wanted = ours.search(("n",), query=query), theirs.search(("n",), query=query)
    scores = {each.key: each.score for each in wanted}
    assert {each.key: each.score for each in found} == pytest.approx(scores, abs=1e-6)
    ranks = [each.score for each in found if each.score is not None]
    assert ranks == sorted(ranks, reverse=True)
    database.close()
