"""Graphs run, pause, fork and are rebuilt on the saver."""

import operator
import threading
from collections.abc import Iterator
from typing import Annotated, Any, TypedDict
from uuid import uuid4

import pytest
from langchain_core.messages import AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    DeltaChannelHistory,
)
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, interrupt

from demotic.agents.langgraph.buffer import BufferedCheckpoints
from demotic.agents.langgraph.saver import Saver
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


def chat(snapshot_frequency: int, saver: BaseCheckpointSaver[Any]) -> CompiledStateGraph[Any]:
    """A graph that answers each message."""
    channel: Any = DeltaChannel(
        lambda a, b: [*a, *sum(b, [])], snapshot_frequency=snapshot_frequency
    )

    class State(TypedDict):
        messages: Annotated[list[AnyMessage], channel]
        steps: Annotated[list[str], operator.add]

    builder = StateGraph(State)
    for name in ("one", "two"):
        builder.add_node(
            name, lambda state, name=name: {"messages": [HumanMessage(name, id=str(uuid4()))]}
        )
    builder.add_node("three", lambda state: {"steps": ["three"]})
    builder.add_edge(START, "one")
    builder.add_edge("one", "two")
    builder.add_edge("two", "three")
    return builder.compile(checkpointer=saver)


def talk(graph: CompiledStateGraph[Any], turns: int, **options: Any) -> list[str]:
    """Send messages; the texts in the state."""
    for turn in range(turns):
        graph.invoke({"messages": [HumanMessage(f"turn {turn}", id=f"t{turn}")]}, CONFIG, **options)
    return texts(graph, CONFIG)


def texts(graph: CompiledStateGraph[Any], config: RunnableConfig) -> list[str]:
    """The texts in the state."""
    return [message.content for message in graph.get_state(config).values["messages"]]


@pytest.mark.parametrize("frequency", [1, 3, 100])
@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_delta_channels_are_rebuilt_also_after_prune_and_copy(
    saver: Saver, frequency: int, durability: str
) -> None:
    graph = chat(frequency, saver)
    expected = talk(chat(frequency, InMemorySaver()), 4, durability=durability)
    assert talk(graph, 4, durability=durability) == expected
    history = [snapshot.values for snapshot in graph.get_state_history(CONFIG)]
    assert history[0]["messages"][-1].content == "two"
    saver.prune([THREAD])
    assert texts(graph, CONFIG) == expected
    saver.copy_thread(THREAD, "copy")
    saver.delete_thread(THREAD)
    assert texts(graph, {"configurable": {"thread_id": "copy"}}) == expected
    if frequency == 1:
        assert len(list(saver.list(None))) <= 2


def test_a_rollback_leaves_delta_channels_readable(database: Database, saver: Saver) -> None:
    graph = chat(100, saver)
    before = talk(graph, 2)
    key = hold_lease(database, LeaseKey(THREAD, "run-2", 9))
    run = graph.copy(update={"checkpointer": saver.bound(key)})
    assert len(talk(run, 1)) > len(before)
    saver.delete_for_runs(["run-2"])
    assert texts(graph, CONFIG) == before


async def test_histories_are_the_same_as_the_default_walk_gives(saver: Saver) -> None:
    graph = chat(3, saver)
    talk(graph, 4)
    middle = list(graph.get_state_history(CONFIG))[9].config
    graph.update_state(middle, {"messages": [HumanMessage("fork", id="fork")]}, as_node="one")
    for snapshot in graph.get_state_history(CONFIG):
        wanted: dict[str, Any] = {"config": snapshot.config, "channels": ["messages", "steps", "x"]}
        expected = BaseCheckpointSaver.get_delta_channel_history(saver, **wanted)
        assert saver.get_delta_channel_history(**wanted) == expected
        assert await saver.aget_delta_channel_history(**wanted) == expected
    assert saver.get_delta_channel_history(config=CONFIG, channels=[]) == {}
    nowhere: RunnableConfig = {"configurable": {"thread_id": THREAD, "checkpoint_id": "unknown"}}
    none: dict[str, DeltaChannelHistory] = {"messages": {"writes": []}}
    assert saver.get_delta_channel_history(config=nowhere, channels=["messages"]) == none


async def test_a_node_may_use_the_saver_from_its_thread(bound: Saver) -> None:
    """A sync node of an async run calls the saver while the loop is at work."""
    seen: list[tuple[bool, Any]] = []

    class State(TypedDict):
        count: int

    def node(state: State, config: RunnableConfig) -> dict[str, int]:
        found = graph.get_state(CONFIG)
        seen.append((threading.current_thread() is threading.main_thread(), found.next))
        return {"count": state["count"] + 1}

    graph = (
        StateGraph(State)
        .add_node("node", node)
        .add_edge(START, "node")
        .add_edge("node", END)
        .compile(checkpointer=bound)
    )
    assert await graph.ainvoke({"count": 1}, CONFIG, durability="sync") == {"count": 2}
    assert seen == [(False, ("node",))]


async def test_a_run_pauses_and_another_saver_resumes_it(
    database: Database, store: SqliteCheckpoints
) -> None:
    @entrypoint()
    def agent(question: str, *, previous: list[str] | None = None) -> Any:
        answer = interrupt(question)
        answers = [*(previous or []), answer]
        return entrypoint.final(value=answer, save=answers)

    for epoch, answer in ((1, "yes"), (3, "no")):
        for offset, given in ((0, "why?"), (1, Command(resume=answer))):
            key = hold_lease(database, LeaseKey(THREAD, f"run-{epoch + offset}", epoch + offset))
            graph = agent.copy(update={"checkpointer": Saver(store).bound(key)})
            result = await graph.ainvoke(given, CONFIG)
        assert result == answer
    state = await agent.copy(update={"checkpointer": Saver(store)}).aget_state(CONFIG)
    assert state.values == "no"
    found = await Saver(store).aget_tuple(CONFIG)
    assert found is not None
    assert found.checkpoint["channel_values"]["__previous__"] == ["yes", "no"]


async def test_a_buffered_run_is_flushed_and_goes_on_elsewhere(
    database: Database, store: SqliteCheckpoints
) -> None:
    buffer = BufferedCheckpoints()
    key = hold_lease(database, KEY)
    graph = chat(3, Saver(buffer).bound(key))
    expected = talk(graph, 2)
    assert Saver(store).get_tuple(CONFIG) is None
    await buffer.flush(store, key)
    elsewhere = chat(3, Saver(store))
    assert texts(elsewhere, CONFIG) == expected
    assert [s.config for s in elsewhere.get_state_history(CONFIG)] == [
        s.config for s in graph.get_state_history(CONFIG)
    ]
