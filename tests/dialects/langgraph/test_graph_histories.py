"""Real graphs behind the dialect: histories and the states of graphs within graphs."""

from typing import Any
from uuid import UUID

import pytest
from langgraph.graph import START, StateGraph

from dialects.langgraph.langgraph_http import Wire, frames
from dialects.langgraph.test_graph_runs import IN, ask, show
from dialects.langgraph.test_graphs import run, wire_of
from served import State, a, b, chain, served


async def searched(wire: Wire, thread: str, **body: Any) -> Any:
    """What a POST about a thread's history tells."""
    answer = await wire.ask("POST", f"/threads/{thread}/history", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.requirement("langgraph.threads.history.page")
async def test_a_history_has_ten_states_unless_it_says_otherwise_and_begins_anywhere() -> None:
    async with served(chain(a, b)) as house, wire_of(house) as wire:
        thread = await wire.thread()
        for _ in range(3):
            await run(wire, thread, **IN)
        whole = await show(wire, thread, "/history?limit=100")
        assert len(whole) == 12
        assert await show(wire, thread, "/history") == whole[:10]
        assert await searched(wire, thread) == whole[:10]
        assert await searched(wire, thread, limit=3) == whole[:3]
        place = whole[4]
        assert await show(wire, thread, f"/history?before={place['checkpoint_id']}") == whole[5:]
        for before in (place["checkpoint_id"], place["checkpoint"]):
            assert await searched(wire, thread, before=before) == whole[5:]
        loop = await searched(wire, thread, metadata={"source": "input"}, limit=100)
        assert loop == [each for each in whole if each["metadata"]["source"] == "input"] != []


@pytest.mark.requirement("langgraph.threads.state.forms")
async def test_a_state_tells_its_place_and_its_parent_in_both_forms() -> None:
    async with served(chain(a, b)) as house, wire_of(house) as wire:
        thread = await wire.thread()
        await run(wire, thread, **IN)
        newest, *earlier = await show(wire, thread, "/history")
        assert await show(wire, thread, "/state") == newest
        assert [*newest] == [
            "values",
            "next",
            "tasks",
            "metadata",
            "created_at",
            "checkpoint",
            "parent_checkpoint",
            "interrupts",
            "checkpoint_id",
            "parent_checkpoint_id",
        ]
        for state, parent in zip([newest, *earlier], [*earlier, None], strict=True):
            place = {"thread_id": thread, "checkpoint_ns": ""}
            assert state["checkpoint"] == {**place, "checkpoint_id": state["checkpoint_id"]}
            assert UUID(state["checkpoint_id"]).version == 6
            assert state["parent_checkpoint"] == (parent and parent["checkpoint"])
            assert state["parent_checkpoint_id"] == (parent and parent["checkpoint_id"])


@pytest.mark.requirement("langgraph.threads.state_of")
@pytest.mark.requirement("langgraph.threads.state_at")
async def test_every_state_of_a_history_is_found_by_its_checkpoint() -> None:
    async with served(chain(a, b)) as house, wire_of(house) as wire:
        thread = await wire.thread()
        await run(wire, thread, **IN)
        for state in await show(wire, thread, "/history"):
            assert await show(wire, thread, f"/state/{state['checkpoint_id']}") == state
            body = {"checkpoint": state["checkpoint"]}
            answer = await wire.ask("POST", f"/threads/{thread}/state/checkpoint", body)
            assert answer.json() == state


@pytest.mark.requirement("langgraph.threads.subgraphs")
async def test_a_graph_within_is_shown_by_its_place_or_by_its_state() -> None:
    outer = StateGraph(State).add_node("outer", chain(a, ask)).add_edge(START, "outer").compile()
    async with served(outer) as house, wire_of(house) as wire:
        thread = await wire.thread()
        await run(wire, thread, **IN)
        [plain] = (await show(wire, thread, "/state"))["tasks"]
        [deep] = (await show(wire, thread, "/state?subgraphs=true"))["tasks"]
        where = plain["checkpoint"]
        assert where["checkpoint_ns"].startswith("outer:") and where["thread_id"] == thread
        assert (plain["state"], deep["checkpoint"]) == (None, None)
        inner = deep["state"]
        assert (inner["next"], inner["values"]) == (["ask"], {"log": ["in", "a"]})
        body = {"checkpoint": where}
        found = (await wire.ask("POST", f"/threads/{thread}/state/checkpoint", body)).json()
        assert (found["next"], found["values"]) == (inner["next"], inner["values"])
        history = await searched(wire, thread, checkpoint=where)
        assert [each["next"] for each in history] == [["ask"], ["a"], ["__start__"]]


@pytest.mark.requirement("langgraph.stream.debug")
async def test_debug_tells_the_history_as_it_is_kept() -> None:
    async with served(chain(a, b)) as house, wire_of(house) as wire:
        thread = await wire.thread()
        body = {"assistant_id": "graph", **IN, "stream_mode": ["debug", "checkpoints", "tasks"]}
        answer = await wire.ask("POST", f"/threads/{thread}/runs/stream", body)
        told = frames(answer.text)[1:]
        debug = [data for name, data, _ in told if name == "debug"]
        assert all({*each} == {"step", "timestamp", "type", "payload"} for each in debug)
        assert {each["type"] for each in debug} == {"checkpoint", "task", "task_result"}
        history = await show(wire, thread, "/history")
        kept = [(each["checkpoint_id"], each["values"], each["next"]) for each in history][::-1]
        for shown in (
            [each["payload"] for each in debug if each["type"] == "checkpoint"],
            [data for name, data, _ in told if name == "checkpoints"],
        ):
            places = [each["config"]["configurable"]["checkpoint_id"] for each in shown]
            seen = [(each["values"], each["next"]) for each in shown]
            assert [(id, *rest) for id, rest in zip(places, seen, strict=True)] == kept
        tasks = [data for name, data, _ in told if name == "tasks"]
        assert [each["name"] for each in tasks] == ["a", "a", "b", "b"]
