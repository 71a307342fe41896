"""The saver is what LangGraph asks of one, on a real store and with every caller."""

import operator
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, TypedDict

import apsw
import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    Checkpoint,
    CheckpointTuple,
)
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import START, StateGraph

from demotic.agents.langgraph.buffer import BufferedCheckpoints
from demotic.agents.langgraph.saver import ForeignThread, ReadOnlySaver, Saver
from demotic.agents.langgraph.serde import StrictSerializer, TypeNotAllowed, graph_types
from demotic.domain.errors import LeaseLost
from demotic.domain.runs import LeaseKey
from demotic.storage.sqlite.checkpoints import SqliteCheckpoints
from demotic.storage.sqlite.database import Database
from demotic.testing.sqlite import hold_lease

THREAD = "thread-1"
KEY = LeaseKey(THREAD, "run-1", 7)
CONFIG: RunnableConfig = {"configurable": {"thread_id": THREAD}}


@pytest.fixture
def database() -> Iterator[Database]:
    """An empty database in memory."""
    opened = Database(None)
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> SqliteCheckpoints:
    """An empty store."""
    return SqliteCheckpoints(database)


@pytest.fixture
def saver(store: SqliteCheckpoints) -> Saver:
    """An administrative saver."""
    return Saver(store, administrative=True)


@pytest.fixture
def bound(database: Database, store: SqliteCheckpoints) -> Saver:
    """A saver of the attempt that `KEY` fences."""
    return Saver(store).bound(hold_lease(database, KEY))


# -- conformance


@checkpointer_test(name="sqlite")
async def on_sqlite() -> AsyncIterator[Saver]:
    """An administrative saver on SQLite."""
    database = Database(None)
    yield Saver(SqliteCheckpoints(database), administrative=True)
    database.close()


@checkpointer_test(name="buffer")
async def on_buffer() -> AsyncIterator[Saver]:
    """An administrative saver on memory."""
    yield Saver(BufferedCheckpoints(), administrative=True)


@pytest.mark.parametrize("registered", [on_sqlite, on_buffer], ids=lambda r: r.name)
async def test_it_conforms_in_every_capability(registered: Any) -> None:
    report = await validate(registered)
    failures = {name: result.failures for name, result in report.results.items() if result.failures}
    assert failures == {}
    assert len(report.results) == 8
    assert all(result.passed for result in report.results.values())


# -- who may do what


def checkpoint(checkpoint_id: str, **values: Any) -> Checkpoint:
    """A checkpoint with channel values, each of version 1."""
    return Checkpoint(
        v=1,
        id=checkpoint_id,
        ts="",
        channel_values=values,
        channel_versions=dict.fromkeys(values, 1),
        versions_seen={},
        updated_channels=None,
    )


def at(checkpoint_id: str | None = None, thread_id: str = THREAD, ns: str = "") -> RunnableConfig:
    """A config."""
    where = {"thread_id": thread_id, "checkpoint_ns": ns}
    return {"configurable": where | ({"checkpoint_id": checkpoint_id} if checkpoint_id else {})}


def put(saver: Saver, checkpoint_id: str, parent: str | None = None, **values: Any) -> None:
    """Put a checkpoint whose channels are all new."""
    new = checkpoint(checkpoint_id, **values)
    saver.put(at(parent), new, {"source": "loop", "step": 0}, new["channel_versions"])


def get(saver: Saver, checkpoint_id: str | None = None) -> CheckpointTuple:
    """A checkpoint that is there."""
    found = saver.get_tuple(at(checkpoint_id))
    assert found is not None
    return found


def test_an_unbound_saver_only_reads(store: SqliteCheckpoints, saver: Saver) -> None:
    put(saver, "c1", a=1)
    reader = Saver(store)
    assert reader.read_only and not saver.read_only
    assert get(reader).checkpoint["channel_values"] == {"a": 1}
    writes: list[Callable[[], None]] = [
        lambda: put(reader, "c2"),
        lambda: reader.put_writes(at("c1"), [("a", 1)], "task"),
        lambda: reader.delete_thread(THREAD),
        lambda: reader.delete_for_runs(["run-1"]),
        lambda: reader.copy_thread(THREAD, "thread-2"),
        lambda: reader.prune([THREAD]),
    ]
    for write in writes:
        with pytest.raises(ReadOnlySaver):
            write()


def test_a_bound_saver_is_fenced(database: Database, bound: Saver) -> None:
    put(bound, "c1", a=1)
    bound.put_writes(at("c1"), [("a", 2)], "task")
    hold_lease(database, LeaseKey(THREAD, "run-1", 8))
    with pytest.raises(LeaseLost):
        put(bound, "c2", "c1", a=2)
    with pytest.raises(LeaseLost):
        bound.put_writes(at("c1"), [("a", 3)], "task-2")
    found = get(bound)
    assert found.checkpoint["id"] == "c1"
    assert found.pending_writes == [("task", "a", 2)]


async def test_a_bound_saver_refuses_other_threads(bound: Saver, saver: Saver) -> None:
    other = at("c1", "thread-2")
    put(bound, "c1")
    await saver.aput(at(thread_id="thread-2"), checkpoint("x"), {}, {})
    with pytest.raises(ForeignThread):
        await bound.aget_tuple(other)
    with pytest.raises(ForeignThread):
        await bound.aput(other, checkpoint("c2"), {}, {})
    with pytest.raises(ForeignThread):
        await bound.aput_writes(other, [("a", 1)], "task")
    with pytest.raises(ForeignThread):
        _ = [found async for found in bound.alist(other)]
    assert [found.checkpoint["id"] for found in bound.list(None)] == ["c1"]
    with pytest.raises(ReadOnlySaver):
        await bound.adelete_thread(THREAD)


# -- checkpoints


def test_the_head_is_the_last_put_even_when_the_clock_goes_back(saver: Saver) -> None:
    put(saver, "9", a=1)
    put(saver, "5", "9", a=2)
    put(saver, "1", "5", a=3)
    assert get(saver).checkpoint["id"] == "1"
    assert [found.checkpoint["id"] for found in saver.list(at())] == ["1", "5", "9"]
    assert [found.checkpoint["id"] for found in saver.list(at(), before=at("5"))] == ["9"]


def test_forks_with_the_same_versions_keep_their_own_values(saver: Saver) -> None:
    put(saver, "root", a=0)
    for branch in ("x", "y"):
        new = checkpoint(branch, a=[branch * 500])
        new["channel_versions"] = {"a": 2}
        saver.put(at("root"), new, {}, {"a": 2})
    for branch in ("x", "y"):
        assert get(saver, branch).checkpoint["channel_values"] == {"a": [branch * 500]}
    assert get(saver, "root").checkpoint["channel_values"] == {"a": 0}


def test_what_did_not_change_is_not_sent_again(bound: Saver, database: Database) -> None:
    def total(connection: apsw.Connection) -> int:
        return int(connection.execute("SELECT total(length(data)) FROM checkpoint_value").get)

    history = [f"{n}" * 300 for n in range(100)]
    new = checkpoint("c0", history=history, other="x" * 300)
    bound.put(at(), new, {}, new["channel_versions"])
    before = database.read("total", total).result()
    for n in range(1, 6):
        new = checkpoint(f"c{n}", history=[*history, f"{n}" * 300], other="x" * 300)
        new["channel_versions"] = {"history": n + 1, "other": 1}
        bound.put(at(f"c{n - 1}"), new, {}, {"history": n + 1})
        assert get(bound).checkpoint["channel_values"] == new["channel_values"]
    assert database.read("total", total).result() - before < 5 * 4000


def test_values_deleted_behind_its_back_are_sent_again(bound: Saver, saver: Saver) -> None:
    new = checkpoint("c1", a=["x" * 500], b="y" * 500)
    bound.put(at(), new, {}, new["channel_versions"])
    saver.delete_thread(THREAD)
    bound.put_writes(at("c1"), [("a", ["x" * 500])], "task")
    saver.delete_thread(THREAD)
    new = checkpoint("c2", a=["x" * 500], b="y" * 500)
    bound.put(at("c1"), new, {}, {})
    assert get(bound).checkpoint["channel_values"] == new["channel_values"]


def test_a_long_list_deleted_behind_its_back_is_sent_again_whole(
    bound: Saver, saver: Saver
) -> None:
    told = [f"{n} " + "x" * 1000 for n in range(100)]  # of which the most is recognised
    put(bound, "c1", said=told)
    saver.delete_thread(THREAD)
    put(bound, "c2", said=[])
    bound.put_writes(at("c2"), [("said", [*told, "more"])], "task")
    [(_, _, found)] = get(saver).pending_writes or []
    assert found == [*told, "more"]


def test_metadata_comes_back_as_json(saver: Saver) -> None:
    metadata: Any = {"step": -1, "parents": {"": "p"}, "counters": {"m": (1, 2)}, "text": "a\u0000"}
    config: RunnableConfig = {**at(), "metadata": {"user": 2**53, "dropped": object()}}
    saver.put(config, checkpoint("c1"), metadata, {})
    assert get(saver).metadata == {
        "step": -1,
        "parents": {"": "p"},
        "counters": {"m": [1, 2]},
        "text": "a",
        "user": 2**53,
    }
    found = saver.list(None, filter={"counters": {"m": (1, 2)}})
    assert [item.checkpoint["id"] for item in found] == ["c1"]


async def test_a_listing_goes_on_over_pages(saver: Saver) -> None:
    for n in range(120):
        put(saver, f"{n:03}", f"{n - 1:03}" if n else None)
    found = [item.checkpoint["id"] async for item in saver.alist(at())]
    assert found == [f"{n:03}" for n in reversed(range(120))]
    assert len(list(saver.list(at(), limit=70))) == 70
    assert len(list(saver.list({"configurable": {"thread_id": THREAD}}))) == 120
    assert list(saver.list(at(), limit=0)) == []


def test_what_a_step_made_inside_is_not_before_it(saver: Saver) -> None:
    put(saver, "outer-1")
    inner: Any = {"parents": {"": "outer-2"}}
    saver.put(at(ns="sub"), checkpoint("inner-1"), {"parents": {"": "outer-1"}}, {})
    saver.put(at("inner-1", ns="sub"), checkpoint("inner-2"), inner, {})
    put(saver, "outer-2", "outer-1")  # saved in the background: later than inner-2
    found = saver.list(at(ns="sub"), before=at("outer-2"), limit=1)
    assert [item.checkpoint["id"] for item in found] == ["inner-1"]


# -- writes


def test_writes_are_read_in_the_order_of_their_task_paths(saver: Saver) -> None:
    put(saver, "c1")
    saver.put_writes(at("c1"), [("a", 3), ("b", 4)], "task-1", "~b")
    saver.put_writes(at("c1"), [("a", 2)], "task-2", "~a")
    saver.put_writes(at("c1"), [("a", 1)], "task-3")
    assert [write[2] for write in get(saver).pending_writes or []] == [1, 2, 3, 4]


def test_another_runs_resume_value_is_not_overwritten(
    database: Database, store: SqliteCheckpoints, bound: Saver, saver: Saver
) -> None:
    put(bound, "c1")
    bound.put_writes(at("c1"), [("__resume__", "first")], "task")
    second = Saver(store).bound(hold_lease(database, LeaseKey(THREAD, "run-2", 8)))
    second.put_writes(at("c1"), [("__resume__", "second")], "task")
    assert get(saver).pending_writes == [("task", "__resume__", "second")]
    saver.delete_for_runs(["run-2"])
    assert get(saver).pending_writes == [("task", "__resume__", "first")]


# -- types


class Colour(Enum):
    """A type that no schema knows."""

    RED = "red"


@dataclass
class Point:
    """A type that a schema declares."""

    x: int
    colour: Colour | None = None


class NotSerializable:
    """A type that msgpack knows nothing of."""


def test_an_unknown_type_fails_when_it_is_saved(saver: Saver) -> None:
    for value in (Point(1), [Point(1)], {"a": [{"b": Point(1)}]}, {"a": Colour.RED}):
        with pytest.raises(TypeNotAllowed) as caught:
            put(saver, "c1", state=value)
        text = str(caught.value)
        assert "test_saver." in text and "checkpointer.serde.allowed_msgpack_modules" in text
        assert "'state'" in "".join(caught.value.__notes__)
    with pytest.raises(TypeNotAllowed):
        saver.put_writes(at("c1"), [("state", Point(1))], "task")
    with pytest.raises(TypeError):
        put(saver, "c1", state=NotSerializable())
    assert saver.get_tuple(at()) is None


def test_an_allowed_type_comes_back(store: SqliteCheckpoints) -> None:
    listed: list[Any] = [[Point.__module__, "Point"], Colour]
    allowing = Saver(
        store,
        serde=StrictSerializer(allowed_msgpack_modules=listed),
        administrative=True,
    )
    put(allowing, "c1", state=[Point(1, Colour.RED)])
    assert get(allowing).checkpoint["channel_values"] == {"state": [Point(1, Colour.RED)]}
    only_point = Saver(store, administrative=True).with_allowlist({(Point.__module__, "Point")})
    assert isinstance(only_point, Saver)
    put(only_point, "c2", state=Point(2))
    with pytest.raises(TypeNotAllowed, match="Colour"):
        put(only_point, "c3", state=Point(2, Colour.RED))


def test_a_stored_value_of_an_unknown_type_is_never_built(store: SqliteCheckpoints) -> None:
    lax = Saver(store, serde=JsonPlusSerializer(), administrative=True)
    put(lax, "c1", state=Point(1))
    found = get(Saver(store)).checkpoint["channel_values"]
    assert found == {"state": {"x": 1, "colour": None}}


def test_pickle_is_neither_written_nor_read() -> None:
    serde = StrictSerializer()
    with pytest.raises(TypeError):
        serde.dumps_typed(NotSerializable())
    for kind in ("pickle", "json", "other"):
        with pytest.raises(TypeNotAllowed):
            serde.loads_typed((kind, b"{}"))


@pytest.mark.parametrize("setting", [True, None, "module.Type", [["module"]], [["a", 1]], ["a.b"]])
def test_types_are_not_allowed_wholesale(setting: Any) -> None:
    with pytest.raises(ValueError, match="allowed_msgpack_modules"):
        StrictSerializer(allowed_msgpack_modules=setting)


class PointState(TypedDict):
    """A state that declares its types."""

    points: Annotated[list[Point], operator.add]


def test_the_types_of_a_graph_and_its_subgraphs_are_allowed(saver: Saver) -> None:
    inner = StateGraph(PointState)
    inner.add_node("add", lambda state: {"points": [Point(len(state["points"]), Colour.RED)]})
    inner.add_edge(START, "add")

    class Outer(TypedDict):
        """A state without the subgraph's types."""

        count: int

    outer = StateGraph(Outer)

    def call(state: Outer) -> dict[str, int]:
        return {"count": len(compiled_inner.invoke({"points": []})["points"])}

    compiled_inner = inner.compile()
    outer.add_node("call", call)
    outer.add_edge(START, "call")
    graph = outer.compile()
    allowed = saver.with_allowlist(graph_types(graph))
    bound_graph = graph.copy(update={"checkpointer": allowed})
    assert bound_graph.invoke({"count": 0}, CONFIG) == {"count": 1}
    assert (Point.__module__, "Point") in graph_types(graph)
