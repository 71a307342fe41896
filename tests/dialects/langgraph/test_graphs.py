"""Real graphs behind the dialect: state updates, schemas, drawings, modes that look on."""

import typing
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from langgraph_sdk.client import LangGraphClient
from typing_extensions import TypedDict

from demotic.domain.ids import system_assistant_id
from dialects.langgraph.langgraph_http import UNKNOWN, Wire, frames, open_wire
from house import House
from served import Served, State, a, b, served

ASSISTANT = system_assistant_id("graph")
PATH = f"/assistants/{ASSISTANT}"


async def ask(state: State) -> State:
    """Asks."""
    return {"log": [f"answer:{interrupt('really?')}"]}


class Inner(TypedDict, total=False):
    """The same log, without the reducer: what is written replaces it."""

    log: list[str]


async def step(state: Inner) -> Inner:
    """Replaces the log."""
    return {"log": ["b"]}


def graph() -> Any:
    """Two steps, the second within a subgraph, and a question."""
    inner = StateGraph(Inner).add_node("b", step).add_edge(START, "b").compile()
    return (
        StateGraph(State)
        .add_node("a", a)
        .add_node("outer", inner)
        .add_node("ask", ask)
        .add_edge(START, "a")
        .add_edge("a", "outer")
        .add_edge("outer", "ask")
        .compile()
    )


def wire_of(house: Served) -> typing.Any:
    """A client of an engine that serves a graph."""
    return open_wire(cast(House, house))


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """A client of the graph."""
    async with served(graph()) as house, wire_of(house) as opened:
        yield opened


async def run(wire: Wire, thread: str, **body: Any) -> Any:
    """Run to the end; the answer."""
    given = {"assistant_id": "graph", **body}
    return (await wire.ask("POST", f"/threads/{thread}/runs/wait", given)).json()


# State updates


@pytest.mark.requirement("langgraph.threads.update.forms")
@pytest.mark.requirement("langgraph.threads.update")
async def test_an_update_makes_a_checkpoint_and_moves_the_thread(wire: Wire) -> None:
    thread = await wire.thread()
    await run(wire, thread, input={"log": []})
    body = {"values": {"log": ["u"]}, "as_node": "a"}
    answer = await wire.ask("POST", f"/threads/{thread}/state", body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert list(told) == ["checkpoint", "configurable", "checkpoint_id"]
    assert told["checkpoint"] == told["configurable"]
    assert told["checkpoint"]["checkpoint_id"] == told["checkpoint_id"]
    state = (await wire.ask("GET", f"/threads/{thread}/state")).json()
    assert state["checkpoint"] == told["checkpoint"]
    assert (state["values"], state["next"]) == ({"log": ["a", "b", "u"]}, ["outer"])
    metadata = state["metadata"]
    assert (metadata["source"], metadata["graph_id"]) == ("update", "graph")
    shown = (await wire.ask("GET", f"/threads/{thread}")).json()
    assert (shown["status"], shown["values"]) == ("interrupted", state["values"])
    assert (shown["error"], shown["interrupts"]) == (None, {})


@pytest.mark.requirement("langgraph.threads.update.forms")
@pytest.mark.requirement("langgraph.threads.update")
async def test_an_update_may_fork_and_a_run_goes_on_from_it(wire: Wire) -> None:
    thread = await wire.thread()
    await run(wire, thread, input={"log": []})
    history = (await wire.ask("GET", f"/threads/{thread}/history")).json()
    first = next(state for state in history if state["next"] == ["a"])
    for field in ({"checkpoint_id": first["checkpoint_id"]}, {"checkpoint": first["checkpoint"]}):
        body = {"values": {"log": ["forked"]}, "as_node": "a", **field}
        await wire.ask("POST", f"/threads/{thread}/state", body)
        state = (await wire.ask("GET", f"/threads/{thread}/state")).json()
        assert (state["values"], state["next"]) == ({"log": ["forked"]}, ["outer"])
        assert state["parent_checkpoint_id"] == first["checkpoint_id"]
    went_on = await run(wire, thread, input=None)
    assert went_on["log"] == ["forked", "b"]
    unknown = {"values": None, "checkpoint_id": UNKNOWN}
    missing = await wire.ask("POST", f"/threads/{thread}/state", unknown)
    assert (missing.status_code, missing.json()["code"]) == (404, "checkpoint_not_found")


@pytest.mark.requirement("langgraph.threads.update")
async def test_an_update_to_the_end_leaves_the_thread_idle_and_supersedes_the_question(
    wire: Wire,
) -> None:
    thread = await wire.thread()
    asked = await run(wire, thread, input={"log": []})
    assert asked["__interrupt__"]
    body = {"values": {"log": ["answered"]}, "as_node": "ask"}
    await wire.ask("POST", f"/threads/{thread}/state", body)
    shown = (await wire.ask("GET", f"/threads/{thread}")).json()
    assert (shown["status"], shown["interrupts"]) == ("idle", {})
    assert shown["values"] == {"log": ["a", "b", "answered"]}
    [only] = (await wire.ask("GET", f"/threads/{thread}/runs")).json()
    assert only["status"] == "success"


@pytest.mark.requirement("langgraph.threads.update")
async def test_the_state_of_a_subgraph_is_updated_where_it_is() -> None:
    inner = StateGraph(State).add_node(ask).add_node(b).add_edge(START, "ask").add_edge("ask", "b")
    outer = StateGraph(State).add_node("outer", inner.compile()).add_edge(START, "outer").compile()
    async with served(outer) as house, wire_of(house) as wire:
        thread = await wire.thread()
        await run(wire, thread, input={"log": []})
        state = (await wire.ask("GET", f"/threads/{thread}/state")).json()
        place = state["tasks"][0]["checkpoint"]
        body = {"values": {"log": ["u"]}, "as_node": "ask", "checkpoint": place}
        answer = await wire.ask("POST", f"/threads/{thread}/state", body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["checkpoint"]["checkpoint_ns"] == place["checkpoint_ns"]
        nested = await wire.ask("GET", f"/threads/{thread}/state?subgraphs=true")
        assert nested.json()["tasks"][0]["state"]["values"] == {"log": ["u"]}
        assert (await run(wire, thread, input=None))["log"] == ["u", "b"]


@pytest.mark.requirement("langgraph.threads.update")
async def test_an_update_that_does_not_fit_is_refused_and_leaves_the_thread_as_it_was(
    wire: Wire,
) -> None:
    thread = await wire.thread()
    await run(wire, thread, input={"log": []})
    before = (await wire.ask("GET", f"/threads/{thread}")).json()
    for body in (
        {"values": {"log": 1}, "as_node": "a"},
        {"values": {"log": []}, "as_node": "nope"},
        {"values": 3},
    ):
        answer = await wire.ask("POST", f"/threads/{thread}/state", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_input"), body
    assert (await wire.ask("GET", f"/threads/{thread}")).json() == before
    assert (await wire.ask("POST", f"/threads/{UNKNOWN}/state", {})).status_code == 404


@pytest.mark.requirement("langgraph.threads.update_without_runs")
async def test_a_thread_without_runs_is_updated_as_the_graph_that_its_metadata_names(
    wire: Wire,
) -> None:
    thread = await wire.thread()
    nobody = await wire.ask("POST", f"/threads/{thread}/state", {"values": {"log": ["x"]}})
    assert (nobody.status_code, nobody.json()["code"]) == (400, "no_graph")
    assert "`graph_id`" in nobody.json()["detail"]
    created = await wire.ask("POST", "/threads", {"metadata": {"graph_id": "graph"}})
    named = created.json()["thread_id"]
    body = {"values": {"log": ["x"]}, "as_node": "__start__"}
    answer = await wire.ask("POST", f"/threads/{named}/state", body)
    assert answer.status_code == 200, answer.text
    state = (await wire.ask("GET", f"/threads/{named}/state")).json()
    assert (state["values"], state["next"]) == ({"log": ["x"]}, ["a"])
    assert (await run(wire, named, input=None))["log"] == ["x", "a", "b"]


@pytest.mark.requirement("langgraph.threads.config")
async def test_a_thread_keeps_the_configuration_of_its_latest_run(wire: Wire) -> None:
    thread = await wire.thread()
    for configurable in ({"x": 1, "y": 1}, {"x": 2}):
        await run(wire, thread, input={"log": []}, config={"configurable": configurable})
        shown = (await wire.ask("GET", f"/threads/{thread}")).json()
        assert shown["config"] == {"configurable": configurable}


# What a graph tells of itself


@pytest.mark.requirement("langgraph.assistants.schemas")
async def test_the_schemas_of_a_graph_are_told(wire: Wire) -> None:
    told = (await wire.ask("GET", f"{PATH}/schemas")).json()
    assert list(told) == [
        "graph_id",
        "input_schema",
        "output_schema",
        "state_schema",
        "config_schema",
        "context_schema",
    ]
    assert told["graph_id"] == "graph"
    for name in ("input_schema", "output_schema", "state_schema"):
        assert told[name]["properties"]["log"]["type"] == "array", name
    assert told["context_schema"] is None
    assert (await wire.ask("GET", "/assistants/graph/schemas")).status_code == 422
    assert (await wire.ask("GET", f"/assistants/{UNKNOWN}/schemas")).status_code == 404


class Opaque:
    """A type that has no schema."""


class Untold(typing.TypedDict):
    """A state that pydantic cannot describe."""

    thing: Opaque


@pytest.mark.requirement("langgraph.assistants.schemas")
async def test_a_schema_that_cannot_be_told_is_null() -> None:
    builder = StateGraph(Untold).add_node("a", cast(Any, a)).add_edge(START, "a")
    async with served(builder.compile()) as house, wire_of(house) as wire:
        answer = await wire.ask("GET", f"{PATH}/schemas")
        assert answer.status_code == 200
        assert answer.json()["input_schema"] is None


@pytest.mark.requirement("langgraph.assistants.graph")
async def test_a_graph_is_drawn_as_deep_as_asked(wire: Wire) -> None:
    drawn = (await wire.ask("GET", f"{PATH}/graph")).json()
    assert drawn["nodes"][:2] == [
        {"id": "__start__", "type": "runnable", "data": {"name": "__start__"}},
        {"id": "a", "type": "runnable", "data": {"name": "a"}},
    ]
    assert drawn["edges"][0] == {"source": "__start__", "target": "a"}
    for named in (ASSISTANT, "graph"):
        deep = (await wire.ask("GET", f"/assistants/{named}/graph?xray=1")).json()
        assert "outer:b" in [node["id"] for node in deep["nodes"]]
    assert (await wire.ask("GET", f"{PATH}/graph?xray=true")).json() == deep
    assert (await wire.ask("GET", f"{PATH}/graph?xray=-1")).status_code == 422


@pytest.mark.requirement("langgraph.assistants.subgraphs")
@pytest.mark.requirement("langgraph.assistants.subgraph")
async def test_subgraphs_are_told_by_namespace(wire: Wire) -> None:
    every = (await wire.ask("GET", f"{PATH}/subgraphs?recurse=true")).json()
    assert list(every) == ["outer"]
    assert every["outer"]["state_schema"]["properties"]["log"]["type"] == "array"
    assert (await wire.ask("GET", f"{PATH}/subgraphs/outer")).json() == every
    assert (await wire.ask("GET", f"{PATH}/subgraphs/nope")).json() == {}


# Streams


@pytest.mark.requirement("langgraph.stream.looking_on")
async def test_modes_that_look_on_are_streamed_with_their_namespaces(wire: Wire) -> None:
    thread = await wire.thread()
    body = {
        "assistant_id": "graph",
        "input": {"log": []},
        "stream_mode": ["events", "debug", "tasks", "checkpoints"],
        "stream_subgraphs": True,
    }
    answer = await wire.ask("POST", f"/threads/{thread}/runs/stream", body)
    told = frames(answer.text)
    names = {name.partition(":")[0] for name, _, _ in told}
    beside = {f"{mode}{ns}" for mode in ("debug", "tasks", "checkpoints") for ns in ("", "|outer")}
    assert names == {"metadata", "events"} | beside
    steps = [data["type"] for name, data, _ in told if name == "debug"]
    assert steps[:4] == ["checkpoint", "checkpoint", "task", "task_result"]
    events = [data["event"] for name, data, _ in told if name == "events"]
    assert (events[0], events[-1]) == ("on_chain_start", "on_chain_end")


# The official client


@pytest.mark.requirement("langgraph.sdk")
async def test_the_python_sdk_updates_states_and_asks_what_a_graph_is(wire: Wire) -> None:
    client = LangGraphClient(wire.client)
    thread = (await client.threads.create(metadata={"graph_id": "graph"}))["thread_id"]
    given = {"log": ["x"]}
    written = await client.threads.update_state(thread, given, as_node="__start__")
    state = await client.threads.get_state(thread)
    assert state["checkpoint"] == written["checkpoint"]
    assert (state["values"], state["next"]) == (given, ["a"])
    await client.runs.wait(thread, "graph", input=None)
    forked = await client.threads.update_state(
        thread, {"log": ["y"]}, as_node="a", checkpoint=state["checkpoint"]
    )
    assert (await client.threads.get_state(thread))["checkpoint"] == forked["checkpoint"]
    assert (await client.assistants.get_schemas(ASSISTANT))["graph_id"] == "graph"
    assert len((await client.assistants.get_graph(ASSISTANT, xray=True))["nodes"]) == 5
    assert list(await client.assistants.get_subgraphs(ASSISTANT, recurse=True)) == ["outer"]
    one = await client.assistants.get_subgraphs(ASSISTANT, namespace="outer")
    assert list(one) == ["outer"]
    modes: Any = ["events", "debug", "tasks", "checkpoints"]
    shown = {part.event async for part in client.runs.stream(thread, "graph", stream_mode=modes)}
    assert shown == {"metadata", *modes}
