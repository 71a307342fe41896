"""Random graphs do on our saver what they do on LangGraph's own one in memory."""

import asyncio
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypedDict

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.runnables import RunnableConfig
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, Overwrite, Send, StateSnapshot, StateUpdate, interrupt

from agents.streams import MODES, Told, canonical, told
from demotic.agents.langgraph.buffer import BufferedCheckpoints
from demotic.agents.langgraph.saver import Saver
from demotic.domain.runs import LeaseKey
from demotic.storage.sqlite.checkpoints import SqliteCheckpoints
from demotic.storage.sqlite.database import Database
from demotic.testing.sqlite import hold_lease

CONFIG: RunnableConfig = {"configurable": {"thread_id": "thread"}, "recursion_limit": 12}
KEY = LeaseKey("thread", "run", 1)

WORK = ("log", "delta", "overwrite", "mapping", "ask", "sub", "asking_sub")
ROUTES = ("next", "fan", "loop", "send")
CHANGES = ("update", "bulk", "copy")
OPERATIONS = ("input", "resume", "replay", *CHANGES)


@dataclass(frozen=True)
class Plan:
    """A graph and what is done with it."""

    nodes: Sequence[tuple[str, str]]
    snapshot_frequency: int
    operations: Sequence[tuple[str, int]]
    durability: str
    in_loop: bool


plans = st.builds(
    Plan,
    nodes=st.lists(
        st.tuples(st.sampled_from(WORK), st.sampled_from(ROUTES)), min_size=1, max_size=4
    ),
    snapshot_frequency=st.integers(1, 4),
    operations=st.lists(
        st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 20)), min_size=1, max_size=5
    ).map(lambda tail: [("input", 0), *tail]),
    durability=st.sampled_from(["sync", "async", "exit"]),
    in_loop=st.booleans(),
)


def build(plan: Plan, saver: BaseCheckpointSaver[Any]) -> CompiledStateGraph[Any]:
    """The plan's graph."""
    delta: Any = DeltaChannel(
        lambda state, writes: [*state, *(item for write in writes for item in write)],
        snapshot_frequency=plan.snapshot_frequency,
    )

    class State(TypedDict):
        log: Annotated[list[str], operator.add]
        kept: Annotated[list[str], delta]
        last: str
        mapping: Annotated[dict[str, list[str]], operator.or_]

    builder = StateGraph(State)
    names = [f"n{number}" for number in range(len(plan.nodes))]
    for number, (work, route) in enumerate(plan.nodes):
        builder.add_node(names[number], _work(work, names[number]))
        following = [*names[number + 1 : number + 3], END]
        destinations = [*names, "worker", END]
        builder.add_conditional_edges(
            names[number], _route(route, names[number], following), destinations
        )
    builder.add_node("worker", lambda sent: {"log": [f"worker {sent}"], "kept": [f"{sent}"]})
    builder.add_edge(START, names[0])
    return builder.compile(checkpointer=saver)


def _work(work: str, name: str) -> Any:
    def node(state: Any) -> dict[str, Any]:
        log = [f"{name} after {len(state['log'])}"]
        if work == "ask":
            log += [f"{name} heard {interrupt(f'{name}?')}"]
        changes: dict[str, dict[str, Any]] = {
            "delta": {"kept": [name, "x" * 200]},
            "overwrite": {"kept": Overwrite([f"{name} alone"])},
            "mapping": {"mapping": {name: [*state.get("mapping", {}), "y" * 200]}, "last": name},
        }
        return {"log": log, **changes.get(work, {})}

    return _subgraph(name, asks=work == "asking_sub") if "sub" in work else node


def _subgraph(name: str, *, asks: bool) -> Any:
    class Inner(TypedDict):
        log: Annotated[list[str], operator.add]
        private: str

    def first(state: Inner) -> dict[str, Any]:
        return {"private": f"{name} saw {len(state['log'])}"}

    def second(state: Inner) -> dict[str, Any]:
        heard = interrupt(f"{name} inside?") if asks else "nothing"
        return {"log": [f"{state['private']}, heard {heard}"]}

    builder = StateGraph(Inner)
    builder.add_node("first", first)
    builder.add_node("second", second)
    builder.add_edge(START, "first")
    builder.add_edge("first", "second")
    return builder.compile()


def _route(route: str, name: str, following: list[str]) -> Callable[[Any], Any]:
    def choose(state: Any) -> Any:
        if route == "fan":
            return following[:2]
        if route == "loop" and sum(line.startswith(name) for line in state["log"]) < 3:
            return name
        if route == "send":
            return [Send("worker", f"{name}/{n}") for n in range(2)] + [
                Send(following[0], state) if following[0] != END else END
            ]
        return following[0]

    return choose


def shape(snapshot: StateSnapshot) -> Any:
    """A snapshot without ids and times."""
    return (
        snapshot.values,
        snapshot.next,
        [(t.name, [i.value for i in t.interrupts], t.error, t.result) for t in snapshot.tasks],
        {key: (snapshot.metadata or {}).get(key) for key in ("source", "step")},
        snapshot.parent_config is None,
    )


def stream(graph: CompiledStateGraph[Any], plan: Plan, given: Any, config: Any) -> Any:
    """All chunks, and the name of what is raised in the end."""
    options: dict[str, Any] = {
        "stream_mode": [*MODES],
        "subgraphs": True,
        "durability": plan.durability,
    }
    found: list[Told] = []

    def keep(path: Sequence[str], mode: str, data: Any) -> None:
        found.append(told(path, mode, data))

    async def follow() -> None:
        async for path, mode, data in graph.astream(given, config, **options):
            keep(path, mode, data)

    def collect() -> None:
        if plan.in_loop:
            return asyncio.run(follow())
        for path, mode, data in graph.stream(given, config, **options):
            keep(path, mode, data)

    return outcome(collect), canonical(found)


def outcome(action: Callable[[], Any]) -> Any:
    """What an action gives, or the name of what it raises."""
    try:
        return action()
    except Exception as error:
        return type(error).__name__


def operate(graph: CompiledStateGraph[Any], plan: Plan, operation: str, number: int) -> Any:
    """Carry out an operation; what can be seen of it."""
    if operation == "input":
        return stream(graph, plan, {"log": [f"in {number}"], "kept": ["in"]}, CONFIG)
    if operation == "resume":
        return stream(graph, plan, Command(resume=f"answer {number}"), CONFIG)
    history = list(graph.get_state_history(CONFIG))
    chosen = {**CONFIG, **history[number % len(history)].config} if history else CONFIG
    if operation == "update":
        graph.update_state(chosen, {"log": ["update"], "kept": ["update"]}, as_node="n0")
    elif operation == "bulk":
        graph.bulk_update_state(chosen, supersteps(number))
    elif operation == "copy":
        graph.update_state(chosen, None, as_node="__copy__")
    else:
        return stream(graph, plan, None, chosen)
    return None


def supersteps(number: int) -> list[list[StateUpdate]]:
    """Several changes one after the other, the second of two nodes at once."""
    return [
        [StateUpdate({"log": [f"input {number}"], "kept": ["input"]}, "__input__")],
        [
            StateUpdate({"log": ["one"], "kept": ["one"]}, "n0"),
            StateUpdate({"log": ["w"]}, "worker"),
        ],
        [StateUpdate({"log": ["two"], "kept": ["two"], "last": "two"}, "n0")],
    ]


Operate = Callable[[CompiledStateGraph[Any], Plan, str, int], Any]


def perform(plan: Plan, saver: BaseCheckpointSaver[Any], operate: Operate = operate) -> list[Any]:
    """Carry out a plan; all that can be seen on the way."""
    graph = build(plan, saver)
    seen: list[Any] = []
    for operation, number in plan.operations:
        actions: list[Callable[[], Any]] = [
            partial(operate, graph, plan, operation, number),
            lambda: [shape(snapshot) for snapshot in graph.get_state_history(CONFIG)],
            lambda: shape(graph.get_state(CONFIG, subgraphs=True)),
        ]
        seen += [(operation, outcome(action)) for action in actions]
    return seen


def check_pruned(plan: Plan, saver: Saver) -> None:
    """The latest state is the same when all that it does not need is gone."""
    graph = build(plan, saver)

    def look() -> Any:
        return shape(graph.get_state(CONFIG, subgraphs=True))

    before = outcome(look)
    saver.prune([KEY.thread_id])
    assert outcome(look) == before


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
@given(plans)
def test_a_graph_does_the_same_on_sqlite_and_in_memory(plan: Plan) -> None:
    expected = perform(plan, InMemorySaver())
    database = Database(None)
    try:
        store = SqliteCheckpoints(database)
        found = perform(plan, Saver(store).bound(hold_lease(database, KEY)))
        check_pruned(plan, Saver(store, administrative=True))
    finally:
        database.close()
    assert found == expected


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plans)
def test_a_graph_does_the_same_on_the_buffer_and_in_memory(plan: Plan) -> None:
    expected = perform(plan, InMemorySaver())
    saver = Saver(BufferedCheckpoints(), administrative=True)
    assert perform(plan, saver) == expected
    check_pruned(plan, saver)
