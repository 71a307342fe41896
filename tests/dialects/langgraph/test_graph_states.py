"""Real graphs behind the dialect: states made, changed, selected, pruned, always readable."""

import operator
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, StateUpdate, interrupt
from typing_extensions import TypedDict

from dialects.langgraph.langgraph_http import UNKNOWN, Wire
from dialects.langgraph.test_graphs import run, wire_of
from served import served


class State(TypedDict, total=False):
    """A log, a sum that only numbers fit in, and a log of which only what is new is stored."""

    log: Annotated[list[str], operator.add]
    total: Annotated[int, operator.add]
    kept: Annotated[
        list[str],
        DeltaChannel(
            lambda old, writes: [*old, *(each for write in writes for each in write)],
            snapshot_frequency=5,
        ),
    ]


async def a(state: State) -> State:
    """Adds."""
    return {"log": ["a"], "total": 1, "kept": ["a"]}


async def wrong(state: State) -> Any:
    """Adds what is no number, when it is told to."""
    bad = "wrong" in state["log"]
    return {"log": ["w"], "total": "x" if bad else 1}


async def ask(state: State) -> State:
    """Asks."""
    return {"log": [f"answer {interrupt('really?')}"]}


def builder() -> Any:
    """Three steps, the second of which may fail, the third of which asks."""
    graph = StateGraph(State).add_node(a).add_node(wrong).add_node(ask)
    return graph.add_edge(START, "a").add_edge("a", "wrong").add_edge("wrong", "ask")


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """A client of the graph."""
    async with served(builder().compile()) as house, wire_of(house) as opened:
        yield opened


async def history(wire: Wire, thread: str, **body: Any) -> list[Any]:
    """A thread's states, newest first."""
    answer = await wire.ask("POST", f"/threads/{thread}/history", {"limit": 100, **body})
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()
    return found


async def state(wire: Wire, thread: str, query: str = "") -> Any:
    """A thread's state."""
    answer = await wire.ask("GET", f"/threads/{thread}/state{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def one(as_node: str, values: Any = None, **update: Any) -> dict[str, Any]:
    """A superstep of one update."""
    return {"updates": [{"as_node": as_node, "values": values, **update}]}


STEPS = [
    one("__input__", {"log": ["in"], "kept": ["in"]}),
    one("__start__", {"log": ["in"], "kept": ["in"]}),
    one("a", {"log": ["a"], "total": 1, "kept": ["a"]}),
    one("wrong", None, command={"update": {"log": ["w"], "total": 1}}),
]
"""What the graph does on its own, as supersteps."""

NAMED = {"metadata": {"graph_id": "graph"}}


def shape(states: list[Any]) -> list[Any]:
    """States without what tells when and how they were made."""
    return [(each["values"], each["next"]) for each in states]


@pytest.mark.requirement("langgraph.threads.supersteps")
async def test_supersteps_rebuild_an_equal_history_and_a_run_goes_on(wire: Wire) -> None:
    original = await wire.thread()
    await run(wire, original, input={"log": ["in"], "kept": ["in"]})
    created = await wire.ask("POST", "/threads", {**NAMED, "supersteps": STEPS})
    assert created.status_code == 200, created.text
    thread = created.json()["thread_id"]
    assert (created.json()["status"], created.json()["values"]["log"]) == (
        "interrupted",
        ["in", "a", "w"],
    )
    rebuilt = await history(wire, thread)
    assert shape(rebuilt) == shape(await history(wire, original))
    assert [each["metadata"]["step"] for each in rebuilt] == [2, 1, 0, -1]
    assert all(each["metadata"]["graph_id"] == "graph" for each in rebuilt)
    assert all(each["checkpoint"]["thread_id"] == thread for each in rebuilt)
    asked = await run(wire, thread, input=None)
    assert asked["__interrupt__"][0]["value"] == "really?"
    answered = await run(wire, thread, command={"resume": "yes"})
    assert answered["log"] == ["in", "a", "w", "answer yes"] and answered["total"] == 2


async def test_supersteps_do_what_langgraph_does_with_them(wire: Wire) -> None:
    bare = builder().compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    command: Any = Command(update={"log": ["w"], "total": 1})
    await bare.abulk_update_state(
        config,
        [
            [StateUpdate({"log": ["in"], "kept": ["in"]}, "__input__")],
            [StateUpdate({"log": ["in"], "kept": ["in"]}, "__start__")],
            [StateUpdate({"log": ["a"], "total": 1, "kept": ["a"]}, "a")],
            [StateUpdate(command, "wrong")],
        ],
    )
    theirs = [(each.values, list(each.next)) async for each in bare.aget_state_history(config)]
    created = await wire.ask("POST", "/threads", {**NAMED, "supersteps": STEPS})
    assert shape(await history(wire, created.json()["thread_id"])) == theirs


@pytest.mark.requirement("langgraph.threads.supersteps")
@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({**NAMED, "supersteps": [*STEPS, one("nope", {})]}, 422, "supersteps[4]: "),
        ({**NAMED, "supersteps": [*STEPS, one("a", {"total": "x"})]}, 422, "supersteps[4]: "),
        ({**NAMED, "supersteps": [one("a", 5)]}, 422, "supersteps[0].updates[0].values"),
        ({"supersteps": STEPS}, 400, "`graph_id`"),
        ({"supersteps": STEPS, "metadata": {"graph_id": "nope"}}, 404, "'nope'"),
    ],
)
async def test_a_thread_whose_state_cannot_be_made_is_not_there(
    wire: Wire, body: Any, status: int, told: str
) -> None:
    answer = await wire.ask("POST", "/threads", {"thread_id": UNKNOWN, **body})
    assert answer.status_code == status and told in answer.json()["detail"], answer.text
    assert (await wire.ask("GET", f"/threads/{UNKNOWN}")).status_code == 404
    again = {**NAMED, "thread_id": UNKNOWN, "supersteps": STEPS}
    assert (await wire.ask("POST", "/threads", again)).status_code == 200


@pytest.mark.requirement("langgraph.threads.supersteps")
async def test_a_thread_that_is_there_keeps_its_state(wire: Wire) -> None:
    body = {**NAMED, "thread_id": UNKNOWN, "supersteps": STEPS}
    made = (await wire.ask("POST", "/threads", body)).json()
    taken = await wire.ask("POST", "/threads", body)
    assert (taken.status_code, taken.json()["code"]) == (409, "thread_exists")
    same = await wire.ask("POST", "/threads", {**body, "if_exists": "do_nothing"})
    assert same.json() == made
    assert len(await history(wire, UNKNOWN)) == 4


@pytest.mark.requirement("langgraph.threads.bulk_update")
async def test_several_updates_are_made_at_once_on_the_latest_state_or_an_earlier_one(
    wire: Wire,
) -> None:
    created = await wire.ask("POST", "/threads", {**NAMED, "supersteps": STEPS[:3]})
    thread = created.json()["thread_id"]
    start = (await state(wire, thread))["checkpoint"]
    two = [*one("a", {"log": ["x"]})["updates"], *one("wrong", {"log": ["y"]})["updates"]]
    body = {"supersteps": [{"updates": two}, one("ask", {"log": ["z"]})]}
    answer = await wire.ask("POST", f"/threads/{thread}/state", body)
    assert answer.status_code == 200, answer.text
    now = await state(wire, thread)
    assert now["checkpoint"] == answer.json()["checkpoint"]
    assert (now["values"]["log"], now["metadata"]["step"]) == (["in", "a", "x", "y", "z"], 3)
    forked = {"supersteps": [one("wrong", {"log": ["f"]})], "checkpoint": start}
    await wire.ask("POST", f"/threads/{thread}/state", forked)
    now = await state(wire, thread)
    assert (now["values"]["log"], now["next"]) == (["in", "a", "f"], ["ask"])


@pytest.mark.requirement("langgraph.threads.bulk_update")
@pytest.mark.requirement("langgraph.threads.update_whole")
async def test_updates_that_fail_leave_the_thread_as_it_was(wire: Wire) -> None:
    thread = await wire.thread()
    await run(wire, thread, input={"log": ["in"], "kept": ["in"]})
    before = [await history(wire, thread), await state(wire, thread)]
    shown = (await wire.ask("GET", f"/threads/{thread}")).json()
    size = (await wire.ask("GET", f"/threads/{thread}/storage")).json()
    for body in (
        {"values": {"total": "x"}, "as_node": "a"},
        {"supersteps": [one("a", {"log": ["b"]}), one("a", {"total": "x"})]},
        {"supersteps": [one("a", {"log": ["b"]}), one("nope", {})]},
    ):
        answer = await wire.ask("POST", f"/threads/{thread}/state", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")
        assert [await history(wire, thread), await state(wire, thread)] == before
        assert (await wire.ask("GET", f"/threads/{thread}/storage")).json() == size
    assert (await wire.ask("GET", f"/threads/{thread}")).json() == shown


@pytest.mark.requirement("langgraph.threads.readable")
async def test_a_state_is_readable_although_a_node_wrote_what_does_not_fit(wire: Wire) -> None:
    thread = await wire.thread()
    failed = await run(wire, thread, input={"log": ["wrong"], "total": 1})
    assert failed["__error__"]["error"] == "TypeError"
    for query in ("", "?subgraphs=true"):
        now = await state(wire, thread, query)
        assert (now["values"]["log"], now["values"]["total"]) == (["wrong", "a"], 2)
        assert now["next"] == ["wrong"]
    assert (await history(wire, thread))[0]["checkpoint"] == now["checkpoint"]
    assert (await wire.ask("GET", f"/threads/{thread}")).json()["status"] == "error"
    mended = await wire.ask(
        "POST", f"/threads/{thread}/state", {"values": None, "as_node": "wrong"}
    )
    assert mended.status_code == 200, mended.text
    assert (await state(wire, thread))["next"] == ["ask"]
    assert (await run(wire, thread, input=None))["__interrupt__"]


@pytest.mark.requirement("langgraph.threads.patch_state")
async def test_metadata_of_the_latest_state_is_patched_and_nothing_else(wire: Wire) -> None:
    thread = await wire.thread()
    path = f"/threads/{thread}/state"
    nothing = await wire.ask("PATCH", path, {"metadata": {"a": 1}})
    assert (nothing.status_code, nothing.json()["code"]) == (400, "no_graph")
    await run(wire, thread, input={"log": ["in"]})
    before, row = await state(wire, thread), (await wire.ask("GET", f"/threads/{thread}")).json()
    for metadata in ({"a": 1, "b": 1}, {"b": 2}):
        patched = await wire.ask("PATCH", path, {"metadata": metadata})
        assert patched.json() == {"configurable": before["checkpoint"]}
    after = await state(wire, thread)
    assert after.pop("metadata") == {**before.pop("metadata"), "a": 1, "b": 2}
    assert after == before and after["interrupts"]
    left = (await wire.ask("GET", f"/threads/{thread}")).json()
    assert left.pop("updated_at") > row.pop("updated_at") and left == row
    assert [each["metadata"].get("b") for each in await history(wire, thread)][:2] == [2, None]
    found = await history(wire, thread, metadata={"b": 2})
    assert [each["checkpoint"] for each in found] == [after["checkpoint"]]
    assert (await run(wire, thread, command={"resume": "y"}))["log"][-1] == "answer y"
    for body in ({}, {"metadata": 1}, {"metadata": {"step": 5}}):
        refused = await wire.ask("PATCH", path, body)
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_input")
    assert (
        await wire.ask("PATCH", f"/threads/{UNKNOWN}/state", {"metadata": {}})
    ).status_code == 404


@pytest.mark.requirement("langgraph.threads.state_select")
async def test_fields_of_a_state_and_keys_of_its_values_are_selected(wire: Wire) -> None:
    thread = await wire.thread()
    await run(wire, thread, input={"log": ["in"], "total": 1})
    whole = await state(wire, thread)
    assert await state(wire, thread, "?select=next&select=tasks") == {
        "next": whole["next"],
        "tasks": whole["tasks"],
    }
    assert await state(wire, thread, "?select=values.log&select=next,values.nope") == {
        "values": {"log": whole["values"]["log"]},
        "next": whole["next"],
    }
    both = await state(wire, thread, "?select=values&select=values.log")
    assert both == {"values": whole["values"]}
    at = {"checkpoint": whole["checkpoint"], "select": ["values.total"]}
    answer = await wire.ask("POST", f"/threads/{thread}/state/checkpoint", at)
    assert answer.json() == {"values": {"total": 3}}
    by_path = f"/threads/{thread}/state/{whole['checkpoint_id']}?select=created_at"
    assert (await wire.ask("GET", by_path)).json() == {"created_at": whole["created_at"]}
    states = await history(wire, thread, select=["values.total", "next"])
    assert states[0] == {"values": {"total": 3}, "next": ["ask"]}
    listed = await wire.ask("GET", f"/threads/{thread}/history?select=next&limit=1")
    assert listed.json() == [{"next": ["ask"]}]
    assert len(whole) == 10, "without a selection all is shown"
    refused = await wire.ask("GET", f"/threads/{thread}/state?select=bogus")
    assert refused.status_code == 422 and "values.<key>" in refused.json()["detail"]


@pytest.mark.requirement("langgraph.threads.prune")
@pytest.mark.requirement("langgraph.threads.copy.equal")
async def test_what_a_state_is_rebuilt_from_survives_pruning_and_copying(wire: Wire) -> None:
    thread = await wire.thread()
    for n in range(5):
        await run(wire, thread, input={"log": [f"in {n}"], "kept": [f"in {n}"]})
    latest, whole = await state(wire, thread), await history(wire, thread)
    assert latest["values"]["kept"] == [each for n in range(5) for each in (f"in {n}", "a")]
    copy = (await wire.ask("POST", f"/threads/{thread}/copy")).json()["thread_id"]
    before = (await wire.ask("GET", f"/threads/{thread}/storage")).json()
    pruned = {"thread_ids": [thread, copy], "strategy": "keep_latest"}
    copied = await history(wire, copy)
    assert str(copied).replace(copy, thread) == str(whole)
    assert (await wire.ask("POST", "/threads/prune", pruned)).json() == {"pruned_count": 2}
    assert await state(wire, thread) == latest
    after = (await wire.ask("GET", f"/threads/{thread}/storage")).json()
    for kind in ("checkpoints", "channel_values", "pending_writes"):
        assert after[kind]["bytes"] <= before[kind]["bytes"]
    assert after["checkpoints"]["count"] < before["checkpoints"]["count"]
    answered = await run(wire, thread, command={"resume": "yes"})
    assert answered["log"][-1] == "answer yes"
    assert (await state(wire, copy))["values"] == latest["values"]


@pytest.mark.requirement("langgraph.threads.storage")
async def test_what_each_channel_takes_up_is_told(wire: Wire) -> None:
    thread = await wire.thread()
    await run(wire, thread, input={"log": ["x" * 10_000], "total": 1})
    told = (await wire.ask("GET", f"/threads/{thread}/storage")).json()
    channels = told["channel_values"]["by_channel"]
    assert 10_000 < channels["log"]["bytes"] < 20_000, "what versions share is stored once"
    assert channels["log"]["versions"] == 3
    assert channels["total"]["versions"] == 3 and channels["total"]["bytes"] < 100
    assert told["checkpoints"]["count"] == len(await history(wire, thread))
    assert told["channel_values"]["bytes"] >= channels["log"]["bytes"] - 1000
